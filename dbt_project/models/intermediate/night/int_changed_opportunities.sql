-- One row an opportunity that this night has to compute anew; none in a build of everything.
--
-- Its own record changed, or what is told of its past; nights showed it missing or back; or what it
-- is computed with changed: stages, rates, mergers, splits, which type of split divides its source's
-- closes, or its account.
-- Records that are new to this night are counted before they are computed:
-- depends_on: {{ ref('stg_flywheel__bronze_rows') }}
{%- set tables = told_of_pasts() %}
with

touched_records as (
    {{ union_of(
        ['source_system', 'object_name', 'record_id'],
        [
            ref('stg_salesforce__touched_records'),
            ref('stg_hubspot__touched_records'),
            ref('stg_mapped__touched_records'),
        ],
    ) }}
),

staged as (
    {{ staged_opportunities() }}
),

versions as (
    select * from {{ ref('int_opportunity_versions') }}
),

stages as (
    select * from {{ ref('int_stages') }}
),

plan_rates as (
    select * from {{ ref('int_plan_rates') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates') }}
),

mergers as (
    select * from {{ ref('int_mergers') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

splits as (
    {{ staged_splits() }}
),

split_types as (
    select * from {{ ref('int_split_types') }}
),

full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
    where object_name in ('opportunity_split', 'opportunity_splits')
),

{% if is_later_night() -%}
before as (
    select * from {{ before_this_night('intermediate', 'int_opportunities') }}
),

facts_before as (
    select * from {{ before_this_night('intermediate', 'int_opportunity_facts') }}
),

pasts_before as (
    select * from {{ before_this_night('intermediate', 'int_opportunity_pasts') }}
),

-- What no load of this night delivered is as it was, but for HubSpot: there the records of others
-- tell of an opportunity, too.
delivered as (
    select staged.*
    from staged
    left join ({{ new_nights() }}) as nights
        on
            staged.source_system = nights.source_system
            and staged.last_seen_date = nights.batch_date
    where nights.batch_date is not null or staged.source_system = 'hubspot'
),

-- A full extract names everything: only records that differ count.
changed_records as (
    select
        hashed.source_system,
        hashed.opportunity_id
    from (
        select
            source_system,
            opportunity_id,
            {{ row_hash(opportunity_columns()) }} as record_hash
        from delivered
    ) as hashed
    left join before
        on
            hashed.source_system = before.source_system
            and hashed.opportunity_id = before.opportunity_id
    where before.record_hash is null or before.record_hash <> hashed.record_hash
),

-- So does a whole history: only a past that differs counts. Those of HubSpot are told in words of
-- other records.
with_past as (
    select
        source_system,
        record_id as opportunity_id
    from touched_records
    where object_name = 'opportunity'
    union
    {{ hubspot_records('staged', 'opportunity_id') }}
),

pasts as (
    {{ pasts(tables, 'with_past') }}
),

changed_pasts as (
    select
        with_past.source_system,
        with_past.opportunity_id
    from with_past
    left join pasts
        on
            with_past.source_system = pasts.source_system
            and with_past.opportunity_id = pasts.opportunity_id
    left join pasts_before
        on
            with_past.source_system = pasts_before.source_system
            and with_past.opportunity_id = pasts_before.opportunity_id
    where pasts.past_hash is distinct from pasts_before.past_hash
),

changed_versions as (
    select
        versions.source_system,
        versions.opportunity_id
    from versions
    inner join ({{ new_nights() }}) as nights
        on
            versions.source_system = nights.source_system
            and versions.batch_date = nights.batch_date
),

-- Sources of which every opportunity has to be computed anew.
changed_sources as (
    select source_system
    from (
        {{ difference_of(
            'stages',
            previous('int_stages'),
            [
                'source_system', 'stage_key', 'stage_name', 'stage_rank', 'stage_kind',
                'qualified_rank', 'tie_rank',
            ],
        ) }}
    ) as changed_stages
),

changed_split_types as (
    select distinct source_system
    from (
        {{ difference_of(
            'split_types',
            previous('int_split_types'),
            ['source_system', 'split_type', 'place'],
        ) }}
    ) as changed_places
),

changed_plan_rates as (
    select distinct
        source_system,
        currency_code
    from (
        {{ difference_of(
            'plan_rates',
            previous('int_plan_rates'),
            ['source_system', 'currency_code', 'plan_rate'],
        ) }}
    ) as changed_rates
),

changed_exchange_rates as (
    {{ difference_of(
        'exchange_rates',
        previous('int_exchange_rates'),
        ['source_system', 'currency_code', 'valid_from', 'valid_to', 'rate_to_reporting'],
    ) }}
),

changed_mergers as (
    {{ changed_mergers('mergers') }}
),

changed_accounts as (
    select
        {{ key_of('accounts.source_system', 'accounts.account_id') }} as account_key,
        coalesce(accounts.segment, 'unknown') as segment,
        coalesce(accounts.industry, 'unknown') as industry
    from accounts
    inner join touched_records
        on
            touched_records.object_name = 'account'
            and accounts.source_system = touched_records.source_system
            and accounts.account_id = touched_records.record_id
),

concerned as (
    select
        source_system,
        opportunity_id
    from changed_records
    union
    select
        source_system,
        opportunity_id
    from changed_versions
    union
    select
        source_system,
        opportunity_id
    from changed_pasts
    union
    select
        before.source_system,
        before.opportunity_id
    from before
    inner join changed_sources on before.source_system = changed_sources.source_system
    union
    select
        before.source_system,
        before.opportunity_id
    from before
    inner join changed_plan_rates
        on
            before.source_system = changed_plan_rates.source_system
            and before.currency_code = changed_plan_rates.currency_code
    union
    select
        before.source_system,
        before.opportunity_id
    from before
    inner join changed_exchange_rates
        on
            before.source_system = changed_exchange_rates.source_system
            and before.currency_code = changed_exchange_rates.currency_code
            and before.close_date >= changed_exchange_rates.valid_from
            and (
                changed_exchange_rates.valid_to is null
                or before.close_date < changed_exchange_rates.valid_to
            )
    union
    select
        before.source_system,
        before.opportunity_id
    from before
    inner join changed_mergers on before.said_account_key = changed_mergers.merged_key
    union
    select
        facts_before.source_system,
        facts_before.opportunity_id
    from facts_before
    inner join changed_accounts on facts_before.account_key = changed_accounts.account_key
    where
        facts_before.segment <> changed_accounts.segment
        or facts_before.account_industry <> changed_accounts.industry
    union
    select
        splits.source_system,
        splits.opportunity_id
    from splits
    inner join changed_split_types on splits.source_system = changed_split_types.source_system
    union
    -- Splits that a full extract no longer brings.
    select
        splits.source_system,
        splits.opportunity_id
    from splits
    inner join full_extracts
        on
            splits.source_system = full_extracts.source_system
            and splits.last_seen_date < full_extracts.batch_date
),
{%- else -%}
concerned as (
    select
        source_system,
        record_id as opportunity_id
    from touched_records
    where false
),
{%- endif %}

final as (
    select
        {{ key_of('source_system', 'opportunity_id') }} as opportunity_key,
        source_system,
        opportunity_id
    from concerned
)

select * from final

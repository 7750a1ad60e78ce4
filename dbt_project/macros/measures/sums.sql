{#-
    What opportunities add to the sums behind the aggregate marts. Each is the body of a CTE, so that
    the same words count what changed opportunities add now and what they had added before.

    Each has its grain and its measures, which are the columns of the sums.
-#}

{% macro funnel_grain() -%}
    {{ return(['pipeline_key', 'stage_key', 'cohort_month', 'dimension', 'dimension_value']) }}
{%- endmacro %}

{% macro funnel_measures() -%}
    {{ return([
        'reached_count', 'visited_count', 'ordered_count', 'reached_next_count', 'won_count',
        'lost_here_count', 'open_here_count', 'handed_off_count', 'reached_amount',
        'reached_next_amount', 'won_amount', 'lost_here_amount', 'final_won_amount',
    ]) }}
{%- endmacro %}

{#-
    Stages reached, by month. Credit goes to whoever owned the opportunity when it reached them. Value
    is what is worth something: a credit note would make a share of it more than all, or less than
    nothing.
-#}
{% macro funnel_sums_of(reached, facts) -%}
    select
        pipeline_key,
        stage_key,
        cohort_month,
        {{ slice_columns() }},
        count(*) as reached_count,
        sum(case when is_imputed then 0 else 1 end) as visited_count,
        sum(case when is_ordered then 1 else 0 end) as ordered_count,
        sum(case when has_reached_next then 1 else 0 end) as reached_next_count,
        sum(case when outcome = 'won' then 1 else 0 end) as won_count,
        sum(case when not has_reached_next and outcome = 'lost' then 1 else 0 end)
            as lost_here_count,
        sum(case when not has_reached_next and outcome = 'open' then 1 else 0 end)
            as open_here_count,
        sum(case when not has_reached_next and outcome = 'handed_off' then 1 else 0 end)
            as handed_off_count,
        sum(reached_value) as reached_amount,
        sum(case when has_reached_next then reached_value else 0 end)
            as reached_next_amount,
        sum(case when outcome = 'won' then reached_value else 0 end) as won_amount,
        sum(case when not has_reached_next and outcome = 'lost' then reached_value else 0 end)
            as lost_here_amount,
        sum(case when outcome = 'won' then coalesce(final_amount, 0) else 0 end)
            as final_won_amount
    from (
        select
            reached.*,
            reached.owner_key as owner,
            greatest(coalesce(reached.reached_amount, 0), 0) as reached_value,
            facts.amount as final_amount,
            facts.lead_source,
            facts.segment,
            facts.opportunity_type,
            facts.account_industry,
            {{ month_of(business_date('reached.reached_at')) }} as cohort_month
        from {{ reached }} as reached
        inner join {{ facts }} as facts on reached.opportunity_key = facts.opportunity_key
    ) as entries
    {{ group_by_slices(['pipeline_key', 'stage_key', 'cohort_month']) }}
{%- endmacro %}

{% macro closing_grain() -%}
    {{ return(['pipeline_key', 'closed_month', 'dimension', 'dimension_value']) }}
{%- endmacro %}

{% macro closing_measures() -%}
    {{ return([
        'closed_count', 'won_count', 'no_decision_count', 'qualified_count', 'qualified_won_count',
        'priced_count', 'priced_amount', 'priced_won_amount',
    ]) }}
{%- endmacro %}

{#- Closed opportunities, by month of the close. Credit goes to whoever owned them then. -#}
{% macro closing_sums_of(facts) -%}
    select
        pipeline_key,
        closed_month,
        {{ slice_columns() }},
        count(*) as closed_count,
        sum(case when is_won then 1 else 0 end) as won_count,
        sum(case when is_no_decision then 1 else 0 end) as no_decision_count,
        sum(case when is_qualified then 1 else 0 end) as qualified_count,
        sum(case when is_qualified and is_won then 1 else 0 end) as qualified_won_count,
        sum(case when amount > 0 then 1 else 0 end) as priced_count,
        sum(case when amount > 0 then amount else 0 end) as priced_amount,
        sum(case when amount > 0 and is_won then amount else 0 end) as priced_won_amount
    from (
        select
            *,
            coalesce(owner_at_close_key, owner_key) as owner,
            {{ month_of(business_date('closed_at')) }} as closed_month
        from {{ facts }}
        where is_closed
    ) as closings
    {{ group_by_slices(['pipeline_key', 'closed_month']) }}
{%- endmacro %}

{% macro cohort_grain() -%}
    {{ return(['pipeline_key', 'cohort_month', 'outcome', 'closing_age', 'dimension',
               'dimension_value']) }}
{%- endmacro %}

{% macro cohort_measures() -%}
    {{ return([
        'member_count', 'initial_amount', 'missing_amount_count', 'won_amount',
    ]) }}
{%- endmacro %}

{#-
    Opportunities by month of creation, by outcome and by the age in whole months at which they
    closed: the youngest age at which a closed opportunity counts as closed; NULL while it is open.
    Credit goes to whoever owned them when they were created.
-#}
{% macro cohort_sums_of(facts) -%}
    select
        pipeline_key,
        cohort_month,
        outcome,
        closing_age,
        {{ slice_columns() }},
        count(*) as member_count,
        sum(coalesce(initial_amount, 0)) as initial_amount,
        sum(case when initial_amount is null then 1 else 0 end) as missing_amount_count,
        sum(case when outcome = 'won' then coalesce(amount, 0) else 0 end) as won_amount
    from (
        select
            *,
            owner_at_creation_key as owner,
            {{ month_of('created_date') }} as cohort_month,
            case
                when outcome <> 'open'
                    then {{ months_to_reach('created_date', 'closed_date') }}
            end as closing_age
        from (
            select
                *,
                {{ business_date('created_at') }} as created_date,
                {{ business_date('closed_at') }} as closed_date
            from {{ facts }}
            where created_at is not null
        ) as dated
    ) as members
    {{ group_by_slices(['pipeline_key', 'cohort_month', 'outcome', 'closing_age']) }}
{%- endmacro %}

{% macro pipeline_grain() -%}
    {{ return(['date_day', 'pipeline_key', 'stage_key', 'owner_key']) }}
{%- endmacro %}

{% macro pipeline_measures() -%}
    {{ return(['open_count', 'open_amount', 'past_due_count', 'past_due_amount']) }}
{%- endmacro %}

{#- Changes of what is open, by day: versions that begin or end, and close dates that pass. -#}
{% macro pipeline_sums_of(versions) -%}
    select
        date_day,
        pipeline_key,
        stage_key,
        owner_key,
        sum(open_count) as open_count,
        sum(open_count * amount) as open_amount,
        sum(past_due_count) as past_due_count,
        sum(past_due_count * amount) as past_due_amount
    from (
        {%- for event in [
            {'day': 'first_date', 'open': 1, 'due': 0,
             'when': 'end_date is null or end_date > first_date'},
            {'day': 'end_date', 'open': -1, 'due': 0, 'when': 'end_date > first_date'},
            {'day': 'past_due_date', 'open': 0, 'due': 1,
             'when': 'end_date is null or end_date > past_due_date'},
            {'day': 'end_date', 'open': 0, 'due': -1, 'when': 'end_date > past_due_date'},
        ] %}
        select
            {{ event.day }} as date_day,
            pipeline_key,
            stage_key,
            owner_key,
            amount,
            {{ event.open }} as open_count,
            {{ event.due }} as past_due_count
        from (
            {{ _open_stretches(versions) }}
        ) as stretches
        where ({{ event.when }}) and {{ event.day }} is not null
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as changes
    group by date_day, pipeline_key, stage_key, owner_key
{%- endmacro %}

{% macro _open_stretches(versions) -%}
    select
        *,
        case
            when due_date > first_date then due_date
            when due_date is not null then first_date
        end as past_due_date
    from (
        select
            pipeline_key,
            stage_key,
            owner_key,
            coalesce(amount, 0) as amount,
            {{ business_date('valid_from') }} as first_date,
            {{ business_date('valid_to') }} as end_date,
            cast({{ dbt.dateadd('day', 1, 'close_date') }} as date) as due_date
        from {{ versions }}
        where is_open
    ) as dated
{%- endmacro %}

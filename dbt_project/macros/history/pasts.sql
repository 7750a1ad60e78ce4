{#-
    What sources tell of an opportunity's past, and one number for all of it. A source may tell the
    whole past every night: what it had told before is no change (int_changed_opportunities.sql).

    Does not belong here: the record of the opportunity itself (sources/opportunities.sql), what a
    past comes to (models/intermediate/).
-#}

{% macro stage_history_columns() -%}
    {{ return([
        'source_system', 'history_id', 'opportunity_id', 'stage', 'changed_at', 'sequence',
        'pipeline', 'actor_id', 'amount', 'close_date', 'forecast_category', 'is_migration',
    ]) }}
{%- endmacro %}

{% macro field_history_columns() -%}
    {{ return([
        'source_system', 'history_id', 'opportunity_id', 'field', 'old_value', 'new_value',
        'changed_at', 'sequence', 'actor_id',
    ]) }}
{%- endmacro %}

{#-
    The tables that tell of a past, each with the columns that somebody reads. To be asked for outside
    of all conditions: dbt has to see what a model reads.
-#}
{% macro told_of_pasts() -%}
    {%- set stages, fields = stage_history_columns(), field_history_columns() -%}
    {%- set splits = ['opportunity_id', 'user_id', 'share', 'split_type'] -%}
    {{ return([
        [ref('stg_salesforce__opportunity_history'), stages],
        [ref('stg_hubspot__opportunity_stage_history'), stages],
        [ref('stg_mapped__opportunity_stage_history'), stages],
        [ref('stg_salesforce__opportunity_field_history'), fields],
        [ref('stg_hubspot__opportunity_field_history'), fields],
        [ref('stg_mapped__opportunity_field_history'), fields],
        [ref('stg_hubspot__stage_stamps'), ['opportunity_id', 'pipeline', 'stage', 'changed_at']],
        [ref('stg_salesforce__opportunity_splits'), splits + ['is_deleted']],
        [ref('stg_mapped__opportunity_splits'), splits],
    ]) }}
{%- endmacro %}

{#-
    The pasts that `tables` tell of some opportunities, or of all: `source_system`, `opportunity_id`,
    `past_hash`. The sum of the hashes of all records, which knows no order among them. `wanted` is a
    relation of ids.
-#}
{% macro pasts(tables, wanted=none) -%}
    select
        source_system,
        opportunity_id,
        sum(cast(record_hash as decimal(38, 0))) as past_hash
    from (
        {%- for table, columns in tables %}
        select
            source_system,
            opportunity_id,
            {{ row_hash(["'" ~ table.identifier ~ "'"] + columns) }} as record_hash
        from
            {% if wanted -%}
            {{ rows_with_key_in(table, wanted, ['source_system', 'opportunity_id']) }}
            {%- else -%}
            {{ table }}
            {%- endif %}
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    ) as records
    group by source_system, opportunity_id
{%- endmacro %}

-- One row a source × object: how many rows bronze holds of it, and how many distinct records where
-- reconciliation asks for them.
{{ config(materialized='incremental', unique_key=['source_system', 'object_name']) }}
with

counted as (
    {{ bronze_row_counts() }}
),

{% if is_later_night() -%}
final as (
    select
        counted.source_system,
        counted.object_name,
        counted.row_count + coalesce(known.row_count, 0) as row_count,
        case
            when counted.record_count is not null
                then counted.record_count + coalesce(known.record_count, 0)
        end as record_count
    from counted
    left join {{ this }} as known
        on
            counted.source_system = known.source_system
            and counted.object_name = known.object_name
)
{%- else -%}
final as (
    select * from counted
)
{%- endif %}

select * from final

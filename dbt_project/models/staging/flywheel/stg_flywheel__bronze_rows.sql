-- One row a source × object: how many rows and distinct records bronze holds of it.
{%- set objects = [
    ('salesforce', 'opportunity', 'Id'),
    ('salesforce', 'opportunity_history', 'Id'),
    ('salesforce', 'opportunity_stage', 'Id'),
    ('salesforce', 'account', 'Id'),
    ('salesforce', 'user', 'Id'),
    ('salesforce', 'task', 'Id'),
    ('mapped', 'opportunities', 'opportunity_id'),
    ('mapped', 'opportunity_stage_history', 'opportunity_id'),
    ('mapped', 'stages', 'stage'),
    ('mapped', 'accounts', 'account_id'),
    ('mapped', 'users', 'user_id'),
    ('mapped', 'products', 'product_id'),
] %}
with

final as (
    {% for source_name, object_name, key in objects %}
    select
        _source as source_system,
        '{{ object_name }}' as object_name,
        count(*) as row_count,
        count(distinct {{ key }}) as record_count
    from {{ source(source_name, object_name) }}
    group by _source
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select * from final

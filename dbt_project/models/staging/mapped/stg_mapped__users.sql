-- One row a user of any mapped source: the newest version.
with

observations as (
    {{ mapped_user_observations() }}
),

final as (
    {{ newest_of_all('observations', ['source_system', 'user_id'], 'modified_at') }}
)

select * from final

-- One row an owner: the newest version, with the main team. Records name owners, not users.
with

observations as (
    {{ hubspot_user_observations() }}
),

final as (
    {{ newest_of_all('observations', ['user_id'], 'modified_at') }}
)

select * from final

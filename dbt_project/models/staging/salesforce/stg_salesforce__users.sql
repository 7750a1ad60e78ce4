-- One row a user: the newest version.
with

observations as (
    {{ salesforce_user_observations() }}
),

final as (
    {{ newest_of_all('observations', ['user_id'], 'modified_at') }}
)

select * from final

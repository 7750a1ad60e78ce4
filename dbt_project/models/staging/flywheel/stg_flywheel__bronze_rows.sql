-- One row a source × object: how many rows bronze holds of it, and how many distinct records where
-- reconciliation asks for them.
with

final as (
    {{ bronze_row_counts() }}
)

select * from final

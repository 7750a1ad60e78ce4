-- One row a file that was loaded for one object, refused and repeated ones included.
with

final as (
    select
        load_id,
        run_id,
        source as source_system,
        object as object_name,
        batch_date,
        file as file_name,
        bytes,
        checksum,
        extract,
        contract_version,
        rows_read,
        rows_accepted,
        rows_quarantined,
        -- A load that no gate has judged yet is published together with this very candidate.
        case when status = 'loaded' then 'accepted' else status end as status,
        error,
        is_whole,
        reload_of,
        new_columns,
        missing_columns,
        started_at,
        finished_at
    from {{ source('flywheel', 'ledger') }}
)

select * from final

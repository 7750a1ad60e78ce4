-- One row a file that was loaded for one object, refused and repeated ones included.
with

loads as (
    select * from {{ ref('stg_flywheel__loads') }}
),

final as (
    select
        load_id,
        run_id,
        source_system,
        object_name,
        batch_date,
        file_name,
        bytes,
        checksum,
        extract,
        contract_version,
        rows_read,
        rows_accepted,
        rows_quarantined,
        status,
        error,
        is_whole,
        reload_of,
        new_columns,
        missing_columns,
        started_at,
        finished_at
    from loads
)

select * from final

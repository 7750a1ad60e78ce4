{#-
    What the loads of a later night concern: their nights, the records that they brought or lack, and
    what differs from the version before. For the models in models/intermediate/night/.

    Does not belong here: what becomes of it (later_nights.sql).
-#}

{#- The nights of the loads that a later night works on: `source_system`, `batch_date`. -#}
{% macro new_nights() -%}
    select distinct
        source_system,
        batch_date
    from ops.new_loads
{%- endmacro %}

{#- Records that its loads brought, as `source_system` and their id. -#}
{% macro records_brought(records, id) -%}
    select
        records.source_system,
        records.{{ id }}
    from {{ records }} as records
    inner join ({{ new_nights() }}) as nights
        on
            records.source_system = nights.source_system
            and records.last_seen_date = nights.batch_date
{%- endmacro %}

{#-
    Staged records that a later night may have to compute anew, as `source_system` and their id: those
    that its loads brought, or lack as extracts that are whole. HubSpot's records say things of one
    another, so that a load of its own concerns all of them.
-#}
{% macro records_of_new_loads(staged, full_extracts, id) -%}
    {{ records_brought(staged, id) }}
    union
    select
        staged.source_system,
        staged.{{ id }}
    from {{ staged }} as staged
    inner join (
        select full_extracts.*
        from {{ full_extracts }} as full_extracts
        inner join ({{ new_nights() }}) as nights
            on
                full_extracts.source_system = nights.source_system
                and full_extracts.batch_date = nights.batch_date
    ) as lacking
        on
            staged.source_system = lacking.source_system
            and staged.object_name = lacking.object_name
            and staged.last_seen_date < lacking.batch_date
    union
    {{ hubspot_records(staged, id) }}
{%- endmacro %}

{#- All records of HubSpot that a relation holds, in a night that brought anything of it. -#}
{% macro hubspot_records(records, id) -%}
    select
        source_system,
        {{ id }}
    from {{ records }} as records
    where
        source_system = 'hubspot'
        and exists (
            select 1 from ({{ new_nights() }}) as nights
            where nights.source_system = 'hubspot'
        )
{%- endmacro %}

{#- Records whose chain of mergers ends elsewhere than it did until this night, as `merged_key`. -#}
{% macro changed_mergers(mergers) -%}
    select distinct merged_key
    from (
        {{ difference_of(
            mergers,
            previous('int_mergers'),
            ['object_name', 'merged_key', 'final_survivor_key'],
        ) }}
    ) as changed_chains
{%- endmacro %}

{#- Rows of two relations that are not in both, in some columns. -#}
{% macro difference_of(left, right, columns) -%}
    (
        select {{ columns | join(', ') }} from {{ left }}
        except
        select {{ columns | join(', ') }} from {{ right }}
    )
    union all
    (
        select {{ columns | join(', ') }} from {{ right }}
        except
        select {{ columns | join(', ') }} from {{ left }}
    )
{%- endmacro %}

{#-
    The stage for which a stage of the CRM stood on a day, from the CTE `stage_map`: the condition
    of a left join, and the stage itself.
-#}
{% macro is_mapped_stage(rows, pipeline, day) -%}
    {{ rows }}.source_system = stage_map.source_system
    and {{ pipeline }} = stage_map.pipeline
    and {{ rows }}.stage = stage_map.stage
    and {{ day }} between stage_map.first_date and stage_map.last_date
{%- endmacro %}

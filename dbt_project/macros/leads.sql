{#-
    What statuses of leads mean, where a lead's source does not say so itself.
-#}

{#- HubSpot's lifecycle stages, by name or, as exports have them, by label. -#}
{% macro meaning_of_lifecycle_stage(stage) -%}
    case lower(replace({{ stage }}, ' ', ''))
        when 'marketingqualifiedlead' then 'mql'
        when 'salesqualifiedlead' then 'sql'
        when 'opportunity' then 'converted'
        when 'customer' then 'converted'
        when 'evangelist' then 'converted'
    end
{%- endmacro %}

{#- Any other status, by the words of the company (company.yml). -#}
{% macro meaning_of_lead_status(status) -%}
    case
        {%- for meaning in ['mql', 'sql', 'disqualified'] %}
        {%- for said in var(meaning ~ '_lead_statuses') %}
        when lower({{ status }}) = '{{ said | lower | replace("'", "''") }}' then '{{ meaning }}'
        {%- endfor %}
        {%- endfor %}
    end
{%- endmacro %}

{#-
    Ids of Salesforce in columns that hold values of any field, where no contract can say what they
    are: those of field history.

    Does not belong here: ids in columns of their own (orchestration/bronze/salesforce_ids.py).
-#}

{#-
    Whether a text is an id of what a lookup points at, which a name of 15 letters is not. `field` is
    the lookup as field history names it.
-#}
{% macro is_salesforce_id(text, field) -%}
    {{ first_match(text, '^([A-Za-z0-9]{15}|[A-Za-z0-9]{18})$') }} is not null
    and case {{ field }}
        when 'Owner' then substr({{ text }}, 1, 3) in ('005', '00G')
        when 'Account' then substr({{ text }}, 1, 3) = '001'
        when 'Campaign' then substr({{ text }}, 1, 3) = '701'
        else true
    end
{%- endmacro %}

{#-
    An id of 15 characters with the three that say which letters of each five are capitals; any other
    text as it is.
-#}
{% macro long_salesforce_id(text) -%}
    case
        when length({{ text }}) = 15
            then
                {{ text }}
                {%- for start in [1, 6, 11] %}
                || substr(
                    'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345',
                    1
                    {%- for bit in range(5) %}
                    {%- set letter = 'substr(' ~ text ~ ', ' ~ (start + bit) ~ ', 1)' %}
                    + case when {{ letter }} <> lower({{ letter }}) then {{ 2 ** bit }} else 0 end
                    {%- endfor %},
                    1
                )
                {%- endfor %}
        else {{ text }}
    end
{%- endmacro %}

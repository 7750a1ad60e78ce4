{#-
    Custom columns on their way to staging. Nobody has declared them, so the files themselves are
    asked which there are: staging carries each of them, as text, after the columns it has names for.
-#}

{#-
    The end of a select list: every column of a relation that is named `…__<ending>`, taken from the
    CTE `rows`; nothing where there is none. Bronze has made the names plain (small letters, digits,
    `_`), so that none can escape its quotes.
-#}
{% macro passthrough_columns(relation, rows='versions', endings=['c', 'pc', 's']) -%}
    {%- for name in columns_of_files(relation) | sort
        if '__' in name and name.rsplit('__', 1)[1] in endings %},
        {{ rows }}.{{ adapter.quote(name) }}
    {%- endfor %}
{%- endmacro %}

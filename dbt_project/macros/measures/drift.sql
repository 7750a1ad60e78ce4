{#-
    Whether wins come at the ages at which those of the pipeline did (Pearson's χ², 1900). The share
    of wins that comes by an age is known of the pipeline as a whole: who is judged by it should win
    as soon as all do, or the shares say too much or too little of the young ones.

    The ages of a pipeline are cut into four bands, each of about a quarter of its wins.
-#}

{% macro age_bands() -%}
    {{ return([1, 2, 3, 4]) }}
{%- endmacro %}

{#- The band of a day, by the share of wins that had come before it. -#}
{% macro age_band_of(share_before) -%}
    cast(least(floor({{ share_before }} * {{ age_bands() | length }}) + 1, {{ age_bands() | last }}) as integer)
{%- endmacro %}

{#- The measures by which drift is told: wins by band, and the shares that have come by band. -#}
{% macro drift_measures() -%}
    {%- set measures = [] -%}
    {%- for band in age_bands() -%}
        {%- do measures.append('band_' ~ band ~ '_won_count') -%}
        {%- do measures.append('band_' ~ band ~ '_share_sum') -%}
    {%- endfor -%}
    {{ return(measures) }}
{%- endmacro %}

{#-
    Body of a CTE: one row a group of `sums`, which holds the measures once a group, with
    `drift_chi_square`, its degrees of freedom, and whether chance alone would hardly ever bring so
    much. Wins are expected where shares have come, as many in all as there were.

    χ² is near its distribution where at least five wins are expected: bands with fewer are taken
    together, and with the last of the others where that is not enough. Nothing can be told of fewer
    than two bands. Terms are decimals, so that their sum does not depend on their order.
-#}
{% macro drift_of(sums, groups) -%}
    {%- set keys = groups | join(', ') -%}
    {#- 99 of 100 are below, by degrees of freedom. -#}
    {%- set limits = {1: 6.634896601021217, 2: 9.210340371976182, 3: 11.344866730144368} -%}
    select
        {{ keys }},
        cast(sum(term) as double) as drift_chi_square,
        cast(count(*) - 1 as integer) as drift_degrees,
        case count(*) - 1
            {%- for degrees, limit in limits.items() %}
            when {{ degrees }} then sum(term) > {{ limit }}
            {%- endfor %}
        end as is_drifting
    from (
        select
            {{ keys }},
            cast(
                power(
                    cast(sum(won_count) as double) - cast(sum(share) as double) * won_per_share, 2
                ) / (cast(sum(share) as double) * won_per_share) as decimal(24, 12)
            ) as term
        from (
            select
                *,
                case
                    when share * all_won_count >= 5 * all_share then band
                    when small_share * all_won_count >= 5 * all_share then 0
                    else last_large_band
                end as band_group,
                cast(all_won_count as double) / cast(all_share as double) as won_per_share
            from (
                select
                    *,
                    sum(case when share * all_won_count < 5 * all_share then share else 0 end)
                        over of_group as small_share,
                    max(case when share * all_won_count >= 5 * all_share then band end)
                        over of_group as last_large_band
                from (
                    {%- for band in age_bands() %}
                    select
                        {{ keys }},
                        {{ band }} as band,
                        band_{{ band }}_won_count as won_count,
                        band_{{ band }}_share_sum as share,
                        {% for each in age_bands() -%}
                        band_{{ each }}_won_count{{ ' + ' if not loop.last }}
                        {%- endfor %} as all_won_count,
                        {% for each in age_bands() -%}
                        band_{{ each }}_share_sum{{ ' + ' if not loop.last }}
                        {%- endfor %} as all_share
                    from {{ sums }}
                    {{ 'union all' if not loop.last }}
                    {%- endfor %}
                ) as bands
                where all_won_count > 0 and all_share > 0
                window of_group as (partition by {{ keys }})
            ) as sized
        ) as pooled
        where band_group is not null
        group by {{ keys }}, band_group, won_per_share
    ) as terms
    group by {{ keys }}
    having count(*) > 1
{%- endmacro %}

{#-
    The canonical columns of an opportunity, which every family of sources is put into, the hash by
    which a later night tells records that changed, and which losses were to nobody.
-#}

{% macro opportunity_columns() -%}
    {{ return([
        'source_system', 'opportunity_id', 'opportunity_name', 'account_id', 'owner_id',
        'created_by_id', 'pipeline', 'stage', 'amount', 'currency_code', 'created_at',
        'close_date', 'closed_at', 'opportunity_type', 'lead_source', 'campaign_id', 'product_id',
        'forecast_category', 'probability', 'loss_reason', 'is_deleted',
        'merged_into_id', 'modified_at',
    ]) }}
{%- endmacro %}

{#- The newest record of every opportunity, over all families of sources. -#}
{% macro staged_opportunities() -%}
    {{ union_of(
        opportunity_columns() + ['last_seen_date'],
        [
            ref('stg_salesforce__opportunities'),
            ref('stg_hubspot__opportunities'),
            ref('stg_mapped__opportunities'),
        ],
    ) }}
{%- endmacro %}

{#- Every change of one field of an opportunity, over all families of sources. -#}
{% macro staged_field_history() -%}
    {{ union_of(
        field_history_columns(),
        [
            ref('stg_salesforce__opportunity_field_history'),
            ref('stg_hubspot__opportunity_field_history'),
            ref('stg_mapped__opportunity_field_history'),
        ],
    ) }}
{%- endmacro %}

{#- Every share of an opportunity under a type of split, over all families of sources. -#}
{% macro staged_splits() -%}
    {{ union_of(
        [
            'source_system', 'opportunity_id', 'user_id', 'share', 'split_type', 'is_deleted',
            'last_seen_date',
        ],
        [
            ref('stg_salesforce__opportunity_splits'),
            {
                'rows': ref('stg_mapped__opportunity_splits'),
                'lacking': {'is_deleted': 'false'},
            },
        ],
    ) }}
{%- endmacro %}

{#- Whether shares sum to the whole, up to the rounding of floating-point numbers. -#}
{% macro are_whole(share_sum) -%}
    abs({{ share_sum }} - 1) < 0.000001
{%- endmacro %}

{#-
    Whether a lost opportunity was lost to nobody: its reason, or without one the name or the id of its
    lost stage, is among those that the company calls so.
-#}
{% macro is_no_decision(loss_reason, stage_name, stage_id) -%}
    {%- set reasons = [] -%}
    {%- for reason in var('no_decision_reasons') -%}
        {%- do reasons.append("'" ~ (reason | trim | lower | replace("'", "''")) ~ "'") -%}
    {%- endfor -%}
    {%- if reasons -%}
    (
        lower(trim(coalesce({{ loss_reason }}, {{ stage_name }}))) in ({{ reasons | join(', ') }})
        or lower(trim(coalesce({{ loss_reason }}, {{ stage_id }}))) in ({{ reasons | join(', ') }})
    )
    {%- else -%}
    false
    {%- endif -%}
{%- endmacro %}

{#- A number that differs, but for a chance of one in 2^64, where any of the columns does. -#}
{% macro row_hash(columns) -%}
    {{ return(adapter.dispatch('row_hash', 'flywheel')(columns)) }}
{%- endmacro %}

{% macro default__row_hash(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

# One line each time a deal entered a stage, was won, lost or opened again, with the stage it was
# then in: from the answer of GET /v1/deals/{id}/flow, which names a stage only where it changed.
# $stage_id is the stage that the deal is in now, for deals that never left their first one.
[.data[].data | select(.field_key == "add_time" or .field_key == "stage_id" or .field_key == "status")]
| sort_by(.log_time, .id)
| ([.[] | select(.field_key == "stage_id").old_value][0] // $stage_id) as $first
| foreach .[] as $change (
    {stage_id: $first, status: "open"};
    if $change.field_key == "stage_id" then .stage_id = $change.new_value
    elif $change.field_key == "status" then .status = $change.new_value
    else . end;
    {id: $change.id, deal_id: $change.item_id, user_id: $change.user_id, time: $change.log_time} + .
  )

-- How often do deals skip a stage or go back?
--
-- Each row says where the stays in a stage went, as shares of all that ended; hand-offs to other
-- pipelines aside they sum to one. Skips and steps back are moves of their own here, while the
-- funnel above counts a deal that skipped a stage as having reached it.
--
-- A step back can be honest re-qualification and a skip a stage that nobody needs: the table says
-- how often, not whether it hurts. Stays that go on are in no row, so the newest quarter leans to
-- fast ends.
select
    from_stage_name as stage_name,
    sum(transition_count)::int as ended,
    round(sum(if(exit_kind = 'advanced' and not is_jump, transition_count, 0)) / ended, 3)
        as next_stage,
    round(sum(if(exit_kind = 'advanced' and is_jump, transition_count, 0)) / ended, 3) as skipped,
    round(sum(if(is_backward, transition_count, 0)) / ended, 3) as went_back,
    round(sum(if(exit_kind = 'lost', transition_count, 0)) / ended, 3) as lost,
    round(sum(if(exit_kind = 'won', transition_count, 0)) / ended, 3) as won
from marts.funnel_transition
group by from_stage_rank, from_stage_name
order by from_stage_rank

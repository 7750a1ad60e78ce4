-- What converts from stage to stage, and where do deals leak?
--
-- A stage counts as reached once it or a later one was entered, so no rate exceeds 100 % and, over
-- the same deals, their product is the win rate. Only months count in which nine of ten deals have
-- had the time to close (`is_mature`); a young month would show what is still open as if it had not
-- converted.
--
-- The lowest rate is not by itself the leak worth mending: early stages are meant to sort out. The
-- interval of a sum of rows is computed from the sum, as here; those of single months cannot be
-- averaged.
with stages as (
    select
        stage_rank,
        stage_name,
        sum(reached_count)::int as reached,
        sum(reached_next_count)::int as went_on,
        sum(lost_here_count)::int as lost_here,
        sum(open_here_count)::int as still_open,
        went_on / reached as rate,
        1.959964 ^ 2 / reached as z
    from marts.funnel_stage_conversion
    where dimension = 'all' and is_mature
    group by stage_rank, stage_name
)

select
    stage_name,
    reached,
    went_on,
    lost_here,
    still_open,
    round(rate, 3) as next_rate,
    round((rate + z / 2 - sqrt(z * rate * (1 - rate) + z * z / 4)) / (1 + z), 3) as low,
    round((rate + z / 2 + sqrt(z * rate * (1 - rate) + z * z / 4)) / (1 + z), 3) as high
from stages
order by stage_rank

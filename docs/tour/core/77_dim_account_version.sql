-- What has changed about our accounts, and when?
--
-- For every day on which a source said something new of an account: how many changed hands, moved
-- to another segment or industry, or went because they were deleted or merged into another.
--
-- The first version of an account has held for ever, as far as anybody knows, so days before the
-- first night have no changes here. For what held at a deal's close, join on `valid_from` and
-- `valid_to`.
select
    now.valid_from::date as day,
    count(*) as accounts,
    count(*) filter (now.owner_key is distinct from was.owner_key) as changed_hands,
    count(*) filter (now.segment <> was.segment or now.industry <> was.industry) as moved,
    count(*) filter (now.is_deleted and not was.is_deleted) as gone
from marts.dim_account_version as now
join marts.dim_account_version as was
    on now.account_key = was.account_key and now.version_number = was.version_number + 1
group by day
order by day desc
limit 10

-- The views support_webhooks, support_webhook_events and vw_webhook_stats, for PostgreSQL. "centralita migrate" makes
-- them too; this puts back what somebody dropped or changed, as often as one likes, and touches no data:
--
--     psql $DATABASE_URL < data/db/support_webhooks_schema.sql

\set ON_ERROR_STOP on
set client_min_messages = warning;

begin;

do $$
begin
    if to_regclass('webhook_revisions') is null or to_regclass('attempts') is null then
        raise exception 'This database has no tables of Centralita. Make them first: centralita migrate';
    end if;
end $$;

drop view if exists vw_webhook_stats, support_webhook_events, support_webhooks;

create view support_webhooks as
select
    w.name as webhook_id, w.description, w.address as url, w.enabled,
    cast(w.types as jsonb) as events,
    cast(w.spec as jsonb) ->> 'format' as format,
    nullif(l.paused_reason, '') as stopped_because,
    cast(cast(w.spec as jsonb) ->> 'timeout_s' as double precision) as timeout,
    jsonb_array_length(cast(w.spec as jsonb) -> 'schedule_s') as retry_attempts,
    to_timestamp(nullif(w.created_at, 0)) as created_at, to_timestamp(nullif(w.updated_at, 0)) as updated_at
from webhooks w
left join lanes l on l.key = 'webhook:' || w.name
where w.removed_at is null;

create view support_webhook_events as
select
    'dlv_' || d.id as id, l.target as webhook_id, d.event_id, e.type as event_type,
    case d.state when 'dead' then 'failed' else d.state end as status,
    d.attempts, nullif(a.status, 0) as status_code, a.elapsed_ms as response_time_ms,
    encode(a.response, 'escape') as response_body,
    case when d.state = 'delivered' then null else trim(d.reason || ' ' || d.detail) end as error_message,
    to_timestamp(nullif(d.created_at, 0)) as triggered_at, to_timestamp(d.finished_at) as completed_at
from history d
join lanes l on l.id = d.lane_id and l.destination = 'webhook'
left join events e on e.day = d.day and e.id = d.event_id
left join attempts a on a.day = d.day and a.delivery_id = d.id and a.started_at = (
    select max(b.started_at) from attempts b where b.day = d.day and b.delivery_id = d.id
)
union all
select
    'dlv_' || d.id, l.target, d.event_id, e.type,
    'pending',
    d.attempts, nullif(a.status, 0), a.elapsed_ms, encode(a.response, 'escape'),
    nullif(d.reason, ''),
    to_timestamp(nullif(d.created_at, 0)), null
from deliveries d
join lanes l on l.id = d.lane_id and l.destination = 'webhook'
left join events e on e.day = d.event_day and e.id = d.event_id
left join attempts a on a.day = d.event_day and a.delivery_id = d.id and a.started_at = (
    select max(b.started_at) from attempts b where b.day = d.event_day and b.delivery_id = d.id
);

create view vw_webhook_stats as
select
    w.webhook_id, w.url, w.enabled,
    coalesce(h.successful, 0) + coalesce(h.failed, 0) + coalesce(p.pending, 0) as total_events,
    coalesce(h.successful, 0) as successful_events, coalesce(h.failed, 0) as failed_events,
    coalesce(p.pending, 0) as pending_events,
    round(100.0 * h.successful / nullif(h.successful + h.failed, 0), 2) as success_rate,
    to_timestamp(case when coalesce(p.last_at, 0) > coalesce(h.last_at, 0) then p.last_at else h.last_at end)
        as last_event_at,
    nullif(l.last_error, '') as last_error
from support_webhooks w
left join lanes l on l.key = 'webhook:' || w.webhook_id
left join (
    select lane_id, sum(case state when 'delivered' then 1 else 0 end) as successful,
        sum(case state when 'dead' then 1 else 0 end) as failed, max(created_at) as last_at
    from history group by lane_id
) h on h.lane_id = l.id
left join (
    select lane_id, count(*) as pending, max(created_at) as last_at from deliveries group by lane_id
) p on p.lane_id = l.id;

commit;

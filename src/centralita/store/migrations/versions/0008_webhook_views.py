"""Views with the names and columns that people's own queries about webhooks have."""

from __future__ import annotations

from collections.abc import Mapping

from alembic import op

revision = "0008"
down_revision = "0007"

_SQLITE: Mapping[str, str] = {
    # ISO 8601 in UTC: text that sorts by its time.
    "time": "strftime('%Y-%m-%dT%H:%M:%fZ', {}, 'unixepoch')",
    "types": "w.types",
    "format": "json_extract(w.spec, '$.format')",
    "timeout": "json_extract(w.spec, '$.timeout_s')",
    "waits": "json_array_length(w.spec, '$.schedule_s')",
    "body": "a.response",
}
_POSTGRESQL: Mapping[str, str] = {
    "time": "to_timestamp({})",
    "types": "cast(w.types as jsonb)",
    "format": "cast(w.spec as jsonb) ->> 'format'",
    "timeout": "cast(cast(w.spec as jsonb) ->> 'timeout_s' as double precision)",
    "waits": "jsonb_array_length(cast(w.spec as jsonb) -> 'schedule_s')",
    # Whatever a receiver answers can be shown, also what is no UTF-8.
    "body": "encode(a.response, 'escape')",
}

_WEBHOOKS = """
create view support_webhooks as
select
    w.name as webhook_id, w.description, w.address as url, w.enabled,
    {types} as events,
    {format} as format,
    nullif(l.paused_reason, '') as stopped_because,
    {timeout} as timeout,
    {waits} as retry_attempts,
    {created_at} as created_at, {updated_at} as updated_at
from webhooks w
left join lanes l on l.key = 'webhook:' || w.name
where w.removed_at is null
"""
_LAST_ATTEMPT = """
left join events e on e.day = {day} and e.id = d.event_id
left join attempts a on a.day = {day} and a.delivery_id = d.id and a.started_at = (
    select max(b.started_at) from attempts b where b.day = {day} and b.delivery_id = d.id
)
"""
_EVENTS = """
create view support_webhook_events as
select
    'dlv_' || d.id as id, l.target as webhook_id, d.event_id, e.type as event_type,
    case d.state when 'dead' then 'failed' else d.state end as status,
    d.attempts, nullif(a.status, 0) as status_code, a.elapsed_ms as response_time_ms,
    {body} as response_body,
    case when d.state = 'delivered' then null else trim(d.reason || ' ' || d.detail) end as error_message,
    {created_at} as triggered_at, {finished_at} as completed_at
from history d
join lanes l on l.id = d.lane_id and l.destination = 'webhook'
{finished_attempt}
union all
select
    'dlv_' || d.id, l.target, d.event_id, e.type,
    'pending',
    d.attempts, nullif(a.status, 0), a.elapsed_ms, {body},
    nullif(d.reason, ''),
    {created_at}, null
from deliveries d
join lanes l on l.id = d.lane_id and l.destination = 'webhook'
{waiting_attempt}
"""
_STATS = """
create view vw_webhook_stats as
select
    w.webhook_id, w.url, w.enabled,
    coalesce(h.successful, 0) + coalesce(h.failed, 0) + coalesce(p.pending, 0) as total_events,
    coalesce(h.successful, 0) as successful_events, coalesce(h.failed, 0) as failed_events,
    coalesce(p.pending, 0) as pending_events,
    round(100.0 * h.successful / nullif(h.successful + h.failed, 0), 2) as success_rate,
    {last_at}
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
) p on p.lane_id = l.id
"""


def upgrade() -> None:
    words = _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE
    latest = "case when coalesce(p.last_at, 0) > coalesce(h.last_at, 0) then p.last_at else h.last_at end"
    parts = {
        **words,
        "created_at": words["time"].format("nullif({}.created_at, 0)"),
        "updated_at": words["time"].format("nullif(w.updated_at, 0)"),
        "finished_at": words["time"].format("d.finished_at"),
        "last_at": words["time"].format(latest),
        "finished_attempt": _LAST_ATTEMPT.format(day="d.day"),
        "waiting_attempt": _LAST_ATTEMPT.format(day="d.event_day"),
    }
    for view, owner in ((_WEBHOOKS, "w"), (_EVENTS, "d"), (_STATS, "w")):
        op.execute(view.format(**{**parts, "created_at": parts["created_at"].format(owner)}))

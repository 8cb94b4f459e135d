"""``/slack/check``: what is wrong with the Slack app, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services import slack_check, slack_findings
from centralita.services.slack_findings import ISSUES, Finding, Issue
from centralita.web.api.once import Route
from centralita.web.api.problems import locale_of
from centralita.web.auth import hub_of, requires

router = APIRouter(route_class=Route, tags=["slack"])


class FindingView(BaseModel):
    """One thing that was looked at."""

    workspace: str = Field(description=N_("Domain or name of the workspace; empty for the app itself."))
    cause: str = Field(description=N_("Which cause of the common issues it would explain."))
    state: Literal["ok", "warn", "fail"] = Field(description=N_("fail: something does not work; warn: less works."))
    code: str = Field(description=N_("A message id."))
    found: str = Field(description=N_("The same in words."))
    cure: str = Field(description=N_("What can be done about it."))


class CauseView(BaseModel):
    """What may be behind an issue."""

    name: str
    cause: str
    solution: str
    state: Literal["ok", "warn", "fail"]
    findings: list[FindingView] = Field(description=N_("What speaks for it or against it."))


class IssueView(BaseModel):
    """A complaint that people come with."""

    name: str
    symptom: str
    causes: list[CauseView]


class CheckView(BaseModel):
    """How the app is doing."""

    ok: bool = Field(description=N_("Whether nothing failed."))
    findings: list[FindingView]
    issues: list[IssueView] = Field(description=N_("The common issues, under the names that people look for."))


def _finding(finding: Finding, locale: str) -> FindingView:
    found, cure = slack_findings.said(finding, locale), slack_findings.cure(finding, locale)
    return FindingView(
        workspace=finding.workspace, cause=finding.cause, state=finding.state, code=finding.id, found=found, cure=cure
    )


def _issue(issue: Issue, findings: Sequence[Finding], locale: str) -> IssueView:
    causes = []
    for name, text in issue.causes.items():
        about = [finding for finding in findings if finding.cause == name]
        causes.append(
            CauseView(
                name=name,
                cause=_(text, locale),
                solution=_(issue.solutions[name], locale),
                state=slack_findings.worst(about),
                findings=[_finding(finding, locale) for finding in about],
            )
        )
    return IssueView(name=issue.name, symptom=_(issue.symptom, locale), causes=causes)


@router.get("/slack/check", dependencies=[requires("doctor.run")])
async def check_slack(request: Request) -> CheckView:
    """Asks Slack: tokens, scopes, Socket Mode or the hub's address, the channels that the configuration names, the
    clock; and walks through the common issues with what it found. Changes nothing."""
    findings, locale = await slack_check.check(hub_of(request)), locale_of(request)
    return CheckView(
        ok=slack_findings.worst(findings) != "fail",
        findings=[_finding(finding, locale) for finding in findings],
        issues=[_issue(issue, findings, locale) for issue in ISSUES],
    )

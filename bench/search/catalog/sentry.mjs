import { tool } from './define.mjs';

const org = { 'organizationSlug!': 'Slug of the organization' };
const project = { ...org, 'projectSlug!': 'Slug of the project' };
const issue = { ...org, 'issueId!': 'Issue, such as PROJECT-1Z43' };

export default [
  tool('whoami', 'Identify the authenticated user in Sentry.'),
  tool('find_organizations', 'Find organizations that the user has access to in Sentry.', {
    query: 'Name or slug',
  }),
  tool('find_teams', 'Find teams in an organization in Sentry.', org),
  tool('find_projects', 'Find projects in an organization in Sentry.', org),
  tool('find_releases', 'Find releases of a project, with when they were deployed.', {
    ...project,
    query: 'Version',
  }),
  tool('create_project', 'Create a new project in Sentry, and get its DSN.', {
    ...org,
    'teamSlug!': 'Team',
    'name!': 'Name',
    platform: 'Platform',
  }),
  tool('update_project', 'Update the name, slug, platform or team of a project.', {
    ...project,
    name: 'New name',
    platform: 'New platform',
  }),
  tool('create_team', 'Create a new team in Sentry.', { ...org, 'name!': 'Name' }),
  tool('create_dsn', 'Create a client key (DSN) for a project.', { ...project, 'name!': 'Name of the key' }),
  tool('find_dsns', 'List the client keys (DSNs) of a project.', project),
  tool(
    'search_issues',
    'Search for grouped errors and other issues in Sentry with filters such as unresolved, level or first seen.',
    { ...org, 'query!': 'Sentry search query', projectSlug: 'Project', sort: 'date, freq, new or user' },
  ),
  tool(
    'get_issue_details',
    'Get details of an issue: error message, stack trace, tags and how many users are affected.',
    issue,
  ),
  tool('search_events', 'Search events, spans and logs, and count or aggregate them.', {
    ...org,
    'query!': 'What to search for',
    dataset: 'errors, spans or logs',
  }),
  tool('search_issue_events', 'List the single events of an issue, by time, environment, release or user.', {
    ...issue,
    query: 'Filter',
  }),
  tool(
    'get_issue_tag_values',
    'Get how the events of an issue are distributed over a tag, such as browser or url.',
    { ...issue, 'tagKey!': 'Tag' },
  ),
  tool(
    'get_trace_details',
    'Get an overview of a distributed trace: its spans, services and slow operations.',
    { ...org, 'traceId!': 'Trace id' },
  ),
  tool('update_issue', 'Update an issue in Sentry: resolve, ignore, assign or reopen it.', {
    ...issue,
    status: 'resolved, unresolved or ignored',
    assignedTo: 'User or team',
  }),
  tool('analyze_issue_with_seer', 'Let AI find the root cause of an issue and propose a fix in code.', issue),
  tool('get_event_attachment', 'Download an attachment of an event: screenshot, log file or minidump.', {
    ...project,
    'eventId!': 'Event',
    attachmentId: 'Attachment',
  }),
  tool('list_alert_rules', 'List the alert rules of a project.', project),
  tool('create_alert_rule', 'Create an alert rule that notifies when errors or latency exceed a threshold.', {
    ...project,
    'name!': 'Name',
    'conditions[]!': 'Conditions',
    'actions[]!': 'Whom to notify',
  }),
  tool(
    'get_performance_summary',
    'Get throughput, latency percentiles and failure rate of the endpoints of a project.',
    { ...project, period: 'Such as 24h or 14d' },
  ),
  tool('find_crash_free_rate', 'Get the crash-free rate of sessions and users of a release.', {
    ...project,
    release: 'Version',
  }),
  tool('list_replays', 'List session replays: recordings of what users did before an error.', {
    ...project,
    query: 'Filter',
  }),
  tool('search_docs', 'Search the Sentry documentation for SDK setup and features.', {
    'query!': 'What to look for',
  }),
];

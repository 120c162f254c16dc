import { tool } from './define.mjs';

const pages = { 'limit#': 'How many results, 50 if left out', cursor: 'Cursor of the next page' };

export default [
  tool(
    'list_issues',
    'List issues in the Linear workspace, filtered by team, assignee, state, label, project or cycle.',
    {
      team: 'Team name or id',
      assignee: 'User id, name or "me"',
      state: 'Workflow state',
      label: 'Label name',
      project: 'Project name or id',
      cycle: 'Cycle name or number',
      ...pages,
    },
  ),
  tool(
    'get_issue',
    'Retrieve a Linear issue by its identifier, such as ENG-123, with attachments and git branch name.',
    { 'id!': 'Issue identifier' },
  ),
  tool('create_issue', 'Create a new Linear issue in a team.', {
    'title!': 'Issue title',
    'team!': 'Team name or id',
    description: 'Description as Markdown',
    assignee: 'Whom to assign it to',
    'priority#': '0 none, 1 urgent, 2 high, 3 normal, 4 low',
    'labels[]': 'Label names',
    dueDate: 'Due date (ISO 8601)',
    parentId: 'Parent issue, for a sub-issue',
  }),
  tool('update_issue', 'Update an existing Linear issue.', {
    'id!': 'Issue identifier',
    title: 'New title',
    description: 'New description',
    state: 'New workflow state',
    assignee: 'New assignee',
    'priority#': 'New priority',
    'estimate#': 'New estimate in points',
  }),
  tool('archive_issue', 'Archive a Linear issue.', { 'id!': 'Issue identifier' }),
  tool('list_comments', 'List the comments on a Linear issue.', { 'issueId!': 'Issue identifier', ...pages }),
  tool('create_comment', 'Write a comment on a Linear issue.', {
    'issueId!': 'Issue identifier',
    'body!': 'Comment as Markdown',
    parentId: 'Comment that this replies to',
  }),
  tool('list_projects', 'List projects in the Linear workspace.', {
    team: 'Team name or id',
    state: 'Project state',
    ...pages,
  }),
  tool('get_project', 'Get details of a Linear project.', { 'query!': 'Project name or id' }),
  tool('create_project', 'Create a new project in Linear.', {
    'name!': 'Project name',
    'team!': 'Team name or id',
    summary: 'One-line summary',
    startDate: 'Start date',
    targetDate: 'Target date',
    lead: 'Project lead',
  }),
  tool('update_project', 'Update a Linear project: its name, lead, dates or state.', {
    'id!': 'Project id',
    name: 'New name',
    lead: 'New lead',
    state: 'New state',
    targetDate: 'New target date',
  }),
  tool(
    'create_project_update',
    'Post a status update on a project, with its health: on track, at risk or off track.',
    { 'projectId!': 'Project id', 'body!': 'Text of the update', health: 'onTrack, atRisk or offTrack' },
  ),
  tool('list_project_milestones', 'List the milestones of a project.', { 'projectId!': 'Project id' }),
  tool('list_cycles', 'List the cycles (sprints) of a team: previous, current and upcoming.', {
    'teamId!': 'Team id',
    type: 'current, previous or next',
  }),
  tool('add_issue_to_cycle', 'Plan an issue into a cycle of its team.', {
    'issueId!': 'Issue identifier',
    'cycleId!': 'Cycle id',
  }),
  tool('list_teams', 'List the teams of the workspace.', pages),
  tool('get_team', 'Retrieve a team by id, key or name.', { 'query!': 'Team id, key or name' }),
  tool('list_users', 'List the members of the Linear workspace.', { query: 'Name or email', ...pages }),
  tool('list_issue_labels', 'List the issue labels of a workspace or team.', { team: 'Team name or id' }),
  tool('create_issue_label', 'Create a new issue label.', {
    'name!': 'Label name',
    color: 'Color as hex',
    team: 'Team that it belongs to',
  }),
  tool('list_issue_statuses', 'List the workflow states that issues of a team can have.', {
    'team!': 'Team name or id',
  }),
  tool('create_issue_relation', 'Link two issues: one blocks, duplicates or relates to the other.', {
    'issueId!': 'Issue identifier',
    'relatedIssueId!': 'The other issue',
    'type!': 'blocks, duplicate or related',
  }),
  tool('list_documents', 'List documents in the Linear workspace.', {
    query: 'Words in the title',
    projectId: 'Project id',
    ...pages,
  }),
  tool('get_document', 'Retrieve a Linear document by id or slug.', { 'id!': 'Document id or slug' }),
  tool(
    'search_documentation',
    "Search Linear's own help documentation to learn about features and how to use them.",
    { 'query!': 'What to look for' },
  ),
];

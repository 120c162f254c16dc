import { tool } from './define.mjs';

const repo = { 'owner!': 'Account that owns the repository', 'repo!': 'Name of the repository' };
const pages = { 'page#': 'Page number, from 1', 'perPage#': 'Results per page, at most 100' };
const issue = { ...repo, 'issue_number!#': 'Number of the issue' };
const pull = { ...repo, 'pull_number!#': 'Number of the pull request' };

export default [
  tool('get_me', 'Get details of the authenticated GitHub user.'),
  tool('create_issue', 'Create a new issue in a GitHub repository.', {
    ...repo,
    'title!': 'Issue title',
    body: 'Issue text, in Markdown',
    'assignees[]': 'Usernames to assign to the issue',
    'labels[]': 'Labels to apply',
    'milestone#': 'Milestone number',
  }),
  tool('get_issue', 'Get details of a specific issue in a GitHub repository.', issue),
  tool('list_issues', 'List issues in a GitHub repository, with filters for state, labels and date.', {
    ...repo,
    state: 'open, closed or all',
    'labels[]': 'Only issues with all of these labels',
    since: 'Only issues updated after this time (ISO 8601)',
    ...pages,
  }),
  tool(
    'update_issue',
    'Update an existing issue: title, body, labels, assignees, milestone, or close and reopen it.',
    {
      ...issue,
      title: 'New title',
      body: 'New text',
      state: 'open or closed',
      'labels[]': 'New labels',
      'assignees[]': 'New assignees',
    },
  ),
  tool('add_issue_comment', 'Add a comment to a specific issue.', { ...issue, 'body!': 'Comment text' }),
  tool(
    'search_issues',
    'Search for issues and pull requests across GitHub repositories using issue search syntax.',
    {
      'query!': 'Query in GitHub search syntax',
      sort: 'comments, reactions, created or updated',
      order: 'asc or desc',
      ...pages,
    },
  ),
  tool('create_pull_request', 'Open a new pull request from one branch into another.', {
    ...repo,
    'title!': 'Title of the pull request',
    'head!': 'Branch that contains the changes',
    'base!': 'Branch to merge into',
    body: 'Description of the pull request',
    'draft?': 'Open it as a draft',
  }),
  tool('get_pull_request', 'Get details of a specific pull request.', pull),
  tool('get_pull_request_files', 'Get the list of files changed in a pull request, with the diff of each.', {
    ...pull,
    ...pages,
  }),
  tool(
    'get_pull_request_status',
    'Get the combined status of all status checks of a pull request: whether CI passes.',
    pull,
  ),
  tool('list_pull_requests', 'List and filter pull requests of a repository.', {
    ...repo,
    state: 'open, closed or all',
    head: 'Filter by head user and branch',
    base: 'Filter by base branch',
    ...pages,
  }),
  tool('merge_pull_request', 'Merge a pull request.', {
    ...pull,
    commit_title: 'Title for the merge commit',
    merge_method: 'merge, squash or rebase',
  }),
  tool(
    'create_pull_request_review',
    'Submit a review on a pull request: approve, request changes or comment.',
    {
      ...pull,
      'event!': 'APPROVE, REQUEST_CHANGES or COMMENT',
      body: 'Text of the review',
    },
  ),
  tool(
    'request_copilot_review',
    'Request an automated code review of a pull request from GitHub Copilot.',
    pull,
  ),
  tool('create_branch', 'Create a new branch in a repository.', {
    ...repo,
    'branch!': 'Name of the new branch',
    from_branch: 'Source branch; the default branch if left out',
  }),
  tool('list_branches', 'List branches in a repository.', { ...repo, ...pages }),
  tool('list_commits', 'Get the list of commits of a branch, newest first.', {
    ...repo,
    sha: 'Branch, tag or commit to start from',
    author: 'Only commits of this author',
    ...pages,
  }),
  tool('get_commit', 'Get details of one commit, with its diff.', {
    ...repo,
    'sha!': 'Commit SHA, branch or tag',
  }),
  tool('get_file_contents', 'Get the contents of a file or directory from a GitHub repository.', {
    ...repo,
    'path!': 'Path of the file or directory',
    ref: 'Branch, tag or commit',
  }),
  tool('create_or_update_file', 'Create or update a single file in a repository with a commit.', {
    ...repo,
    'path!': 'Path of the file',
    'content!': 'New content',
    'message!': 'Commit message',
    'branch!': 'Branch to commit to',
    sha: 'Blob SHA of the file that is replaced',
  }),
  tool('search_code', 'Search for code across GitHub repositories.', {
    'query!': 'Code search query',
    order: 'asc or desc',
    ...pages,
  }),
  tool('search_repositories', 'Search for GitHub repositories by name, topic, language or stars.', {
    'query!': 'Search query',
    ...pages,
  }),
  tool('fork_repository', 'Fork a GitHub repository to your account or to an organization.', {
    ...repo,
    organization: 'Organization to fork to',
  }),
  tool('rerun_failed_jobs', 'Re-run only the failed jobs of a GitHub Actions workflow run.', {
    ...repo,
    'run_id!#': 'Id of the workflow run',
  }),
];

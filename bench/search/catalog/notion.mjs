import { tool } from './define.mjs';

const page = { 'page_id!': 'Id of the page' };
const block = { 'block_id!': 'Id of the block' };
const pages = { start_cursor: 'Cursor of the next page', 'page_size#': 'How many, at most 100' };

export default [
  tool('notion-search', 'Search the Notion workspace and connected sources for pages and databases.', {
    'query!': 'What to look for',
    'filter{}': 'Pages or databases only',
    ...pages,
  }),
  tool('notion-fetch', 'Retrieve the content of a Notion page or database by URL or id, as Markdown.', {
    'id!': 'URL or id',
  }),
  tool('notion-create-pages', 'Create one or more Notion pages with the given properties and content.', {
    'parent{}!': 'Where to create them',
    'pages[]!': 'Properties and content of each',
  }),
  tool('notion-update-page', 'Update the properties or the content of a Notion page.', {
    ...page,
    'properties{}': 'New properties',
    content: 'New content as Markdown',
  }),
  tool('notion-move-pages', 'Move pages or databases to a new parent.', {
    'page_ids[]!': 'Ids',
    'new_parent{}!': 'New parent',
  }),
  tool('notion-duplicate-page', 'Duplicate a Notion page.', page),
  tool('notion-archive-page', 'Archive a page, or restore it from the archive.', {
    ...page,
    'archived!?': 'Whether it is archived',
  }),
  tool('notion-get-page-property', 'Retrieve one property of a page, with all its values.', {
    ...page,
    'property_id!': 'Id of the property',
  }),
  tool('notion-create-database', 'Create a new database with a schema of properties, as a subpage.', {
    'parent{}!': 'Parent page',
    title: 'Title',
    'properties{}!': 'Schema of the properties',
  }),
  tool('notion-update-database', "Update a database's title, description or properties.", {
    'database_id!': 'Id of the database',
    title: 'New title',
    'properties{}': 'Changed properties',
  }),
  tool('notion-query-database', 'Query the rows of a database with filters and sorts.', {
    'database_id!': 'Id of the database',
    'filter{}': 'Filter',
    'sorts[]': 'Sort order',
    ...pages,
  }),
  tool('notion-create-database-row', 'Add an entry to a database.', {
    'database_id!': 'Id of the database',
    'properties{}!': 'Values of the entry',
  }),
  tool('notion-list-databases', 'List databases shared with the integration.', pages),
  tool('notion-get-block-children', 'Retrieve the blocks inside a page or block.', { ...block, ...pages }),
  tool('notion-append-blocks', 'Append paragraphs, headings, lists, to-dos or other blocks to a page.', {
    ...block,
    'children[]!': 'Blocks to append',
  }),
  tool('notion-update-block', 'Update the text or the checked state of a block.', {
    ...block,
    text: 'New text',
    'checked?': 'Whether a to-do is done',
  }),
  tool('notion-delete-block', 'Delete a block from a page.', block),
  tool('notion-create-comment', 'Add a comment to a page or to a discussion.', {
    page_id: 'Id of the page',
    discussion_id: 'Id of the discussion',
    'text!': 'Comment text',
  }),
  tool('notion-get-comments', 'Get all comments and open discussions of a page.', page),
  tool('notion-get-users', 'List the people and bots of the workspace.', {
    query: 'Name or address',
    ...pages,
  }),
  tool('notion-get-self', 'Get the bot user and the workspace of this connection.'),
  tool('notion-get-teams', 'List the teamspaces of the workspace.', { query: 'Name' }),
  tool('notion-create-template', 'Save a page as a template for new entries of a database.', {
    'database_id!': 'Id of the database',
    'page_id!': 'Page to take as template',
    'name!': 'Name of the template',
  }),
  tool('notion-export-page', 'Export a page with its subpages as PDF, HTML or Markdown.', {
    ...page,
    'format!': 'pdf, html or markdown',
  }),
  tool('notion-share-page', 'Publish a page to the web or invite guests to it.', {
    ...page,
    email: 'Guest to invite',
    'public?': 'Publish to the web',
  }),
];

import { tool } from './define.mjs';

const file = { 'fileId!': 'Id of the file' };
const sheet = { 'spreadsheetId!': 'Id of the spreadsheet', 'range!': 'A1 notation of the range' };

export default [
  tool('search_files', 'Search for files in Google Drive by name or content.', {
    'query!': 'Search query',
    mimeType: 'Only this type',
    'pageSize#': 'How many',
  }),
  tool('list_folder', 'List the files in a Drive folder.', {
    folderId: 'Folder; the root if left out',
    'pageSize#': 'How many',
  }),
  tool('list_recent_files', 'List files that you opened or changed recently.', { 'pageSize#': 'How many' }),
  tool('get_file_metadata', 'Get metadata of a file: owner, size, type, dates and sharing.', file),
  tool('read_file_content', 'Read the text of a document, spreadsheet, presentation or PDF in Drive.', file),
  tool('download_file', 'Download a file, or export a Google document as PDF, Word, Excel or plain text.', {
    ...file,
    exportFormat: 'pdf, docx, xlsx, txt or csv',
  }),
  tool('upload_file', 'Upload a local file to Drive.', {
    'path!': 'Local path',
    folderId: 'Where to put it',
    name: 'Name in Drive',
  }),
  tool('create_folder', 'Create a folder in Drive.', { 'name!': 'Folder name', parentId: 'Parent folder' }),
  tool('copy_file', 'Make a copy of a file.', {
    ...file,
    name: 'Name of the copy',
    parentId: 'Folder for the copy',
  }),
  tool('move_file', 'Move a file to another folder.', { ...file, 'parentId!': 'New folder' }),
  tool('rename_file', 'Rename a file or folder.', { ...file, 'name!': 'New name' }),
  tool('trash_file', 'Move a file to the bin.', file),
  tool('restore_file', 'Restore a file from the bin.', file),
  tool('share_file', 'Share a file with people, a domain or anyone with the link.', {
    ...file,
    email: 'With whom',
    'role!': 'reader, commenter or writer',
    'anyone?': 'Anyone with the link',
  }),
  tool('list_permissions', 'List who has access to a file.', file),
  tool('remove_permission', 'Revoke access to a file.', { ...file, 'permissionId!': 'Id of the permission' }),
  tool('list_revisions', 'List earlier versions of a file.', file),
  tool('add_file_comment', 'Comment on a document.', {
    ...file,
    'content!': 'Comment text',
    anchor: 'Quoted text that it refers to',
  }),
  tool('create_document', 'Create a new Google Doc.', {
    'title!': 'Title',
    content: 'Initial text as Markdown',
    folderId: 'Where to put it',
  }),
  tool('append_to_document', 'Append text at the end of a Google Doc.', {
    'documentId!': 'Id of the document',
    'text!': 'Text to append',
  }),
  tool('create_spreadsheet', 'Create a new Google Sheet.', {
    'title!': 'Title',
    'sheetNames[]': 'Names of its tabs',
  }),
  tool('read_sheet_range', 'Read the cells of a range of a Google Sheet.', sheet),
  tool('update_sheet_range', 'Write values into the cells of a range of a Google Sheet.', {
    ...sheet,
    'values[]!': 'Rows of values',
  }),
  tool('append_sheet_row', 'Append a row at the end of a table in a Google Sheet.', {
    'spreadsheetId!': 'Id of the spreadsheet',
    'sheet!': 'Tab',
    'values[]!': 'Values of the row',
  }),
  tool('get_storage_quota', 'Get how much Drive storage is used and how much is left.'),
];

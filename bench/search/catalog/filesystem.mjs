import { tool } from './define.mjs';

const path = { 'path!': 'Path of the file' };
const folder = { 'path!': 'Path of the directory' };

export default [
  tool('read_text_file', 'Read the complete contents of a file as text.', {
    ...path,
    'head#': 'Only the first lines',
    'tail#': 'Only the last lines',
  }),
  tool('read_media_file', 'Read an image or audio file, as base64 with its MIME type.', path),
  tool('read_multiple_files', 'Read the contents of several files at once.', {
    'paths[]!': 'Paths of the files',
  }),
  tool('write_file', 'Create a new file or completely overwrite an existing one.', {
    ...path,
    'content!': 'Content',
  }),
  tool('append_file', 'Append text to a file.', { ...path, 'content!': 'Text to append' }),
  tool('edit_file', 'Make line-based edits to a text file; returns a diff.', {
    ...path,
    'edits[]!': 'Old and new text of each edit',
    'dryRun?': 'Only show the diff',
  }),
  tool('copy_file', 'Copy a file or directory.', { 'source!': 'From', 'destination!': 'To' }),
  tool('move_file', 'Move or rename files and directories.', { 'source!': 'From', 'destination!': 'To' }),
  tool('delete_file', 'Delete a file.', path),
  tool('create_directory', 'Create a directory, with its parents if need be.', folder),
  tool('delete_directory', 'Delete a directory with everything in it.', {
    ...folder,
    'recursive?': 'Also when it is not empty',
  }),
  tool('list_directory', 'List files and directories in a path.', folder),
  tool('list_directory_with_sizes', 'List files and directories in a path, with their sizes.', {
    ...folder,
    sortBy: 'name or size',
  }),
  tool('directory_tree', 'Get a recursive tree of files and directories as JSON.', {
    ...folder,
    'excludePatterns[]': 'Globs to leave out',
  }),
  tool('search_files', 'Recursively search for files and directories whose names match a pattern.', {
    ...folder,
    'pattern!': 'Glob',
    'excludePatterns[]': 'Globs to leave out',
  }),
  tool('grep_files', 'Search the contents of files with a regular expression.', {
    ...folder,
    'regex!': 'Regular expression',
    glob: 'Only files like these',
    'contextLines#': 'Lines around each match',
  }),
  tool('replace_in_files', 'Find and replace text in many files.', {
    ...folder,
    'find!': 'Text or expression',
    'replace!': 'Replacement',
    glob: 'Only files like these',
  }),
  tool('get_file_info', 'Get metadata of a file: size, permissions, created and modified times.', path),
  tool('set_permissions', 'Change the permissions of a file (chmod).', { ...path, 'mode!': 'Octal mode' }),
  tool('hash_file', 'Compute a checksum of a file: SHA-256, SHA-1 or MD5.', {
    ...path,
    algorithm: 'sha256, sha1 or md5',
  }),
  tool('compare_files', 'Show the differences between two files.', {
    'left!': 'One file',
    'right!': 'The other file',
  }),
  tool('zip_files', 'Compress files and directories into a ZIP archive.', {
    'paths[]!': 'What to compress',
    'destination!': 'Archive to write',
  }),
  tool('unzip_file', 'Extract a ZIP archive.', { ...path, 'destination!': 'Where to extract to' }),
  tool('watch_directory', 'Report changes of files in a directory.', {
    ...folder,
    'timeoutSeconds#': 'For how long',
  }),
  tool('list_allowed_directories', 'List the directories that this server may access.'),
];

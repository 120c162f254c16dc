import { tool } from './define.mjs';

const mail = {
  'to[]!': 'Recipient addresses',
  'subject!': 'Subject line',
  'body!': 'Text of the email',
  'cc[]': 'Addresses in copy',
  'bcc[]': 'Addresses in blind copy',
  'attachments[]': 'Paths of files to attach',
};
const message = { 'messageId!': 'Id of the email' };
const thread = { 'threadId!': 'Id of the thread' };

export default [
  tool('send_email', 'Sends a new email.', mail),
  tool('draft_email', 'Creates a draft email without sending it.', mail),
  tool('list_drafts', 'Lists the drafts in the mailbox.', { 'maxResults#': 'How many' }),
  tool('send_draft', 'Sends a draft that was saved before.', { 'draftId!': 'Id of the draft' }),
  tool('delete_draft', 'Permanently deletes a draft.', { 'draftId!': 'Id of the draft' }),
  tool('read_email', 'Retrieves the content of a specific email.', message),
  tool(
    'search_emails',
    'Searches for emails using Gmail search syntax, such as from:, subject: or has:attachment.',
    { 'query!': 'Gmail search query', 'maxResults#': 'How many' },
  ),
  tool('list_threads', 'Lists conversations in the inbox or under a label.', {
    labelId: 'Label',
    'maxResults#': 'How many',
    'unreadOnly?': 'Only unread ones',
  }),
  tool('get_thread', 'Retrieves all emails of one conversation.', thread),
  tool('reply_to_email', 'Replies to an email within its conversation.', {
    ...message,
    'body!': 'Text of the reply',
    'replyAll?': 'Reply to everybody',
  }),
  tool('forward_email', 'Forwards an email to other recipients.', {
    ...message,
    'to[]!': 'Recipient addresses',
    note: 'Text above the forwarded email',
  }),
  tool('modify_email', 'Adds labels to an email or removes them; moves it between folders.', {
    ...message,
    'addLabelIds[]': 'Labels to add',
    'removeLabelIds[]': 'Labels to remove',
  }),
  tool('trash_email', 'Moves an email to the trash.', message),
  tool('delete_email', 'Permanently deletes an email. This cannot be undone.', message),
  tool('mark_as_read', 'Marks emails as read.', { 'messageIds[]!': 'Ids of the emails' }),
  tool('mark_as_unread', 'Marks emails as unread.', { 'messageIds[]!': 'Ids of the emails' }),
  tool('archive_thread', 'Archives a conversation: takes it out of the inbox and keeps it.', thread),
  tool('report_spam', 'Reports an email as spam.', message),
  tool('batch_modify_emails', 'Modifies the labels of many emails at once.', {
    'messageIds[]!': 'Ids of the emails',
    'addLabelIds[]': 'Labels to add',
    'removeLabelIds[]': 'Labels to remove',
  }),
  tool('download_attachment', 'Downloads an email attachment to a folder.', {
    ...message,
    'attachmentId!': 'Id of the attachment',
    savePath: 'Folder to save it in',
  }),
  tool('list_email_labels', 'Retrieves all labels of the mailbox.'),
  tool('create_label', 'Creates a new Gmail label.', {
    'name!': 'Name of the label',
    color: 'Background color',
  }),
  tool(
    'create_filter',
    'Creates a filter that acts on incoming mail: label, archive, forward or delete it.',
    { 'criteria{}!': 'From, to, subject, query, size', 'action{}!': 'What to do with matching mail' },
  ),
  tool('list_filters', 'Lists all mail filters.'),
  tool('set_vacation_responder', 'Turns the automatic out-of-office reply on or off.', {
    'enabled!?': 'Whether it is on',
    subject: 'Subject of the reply',
    message: 'Text of the reply',
    startDate: 'First day',
    endDate: 'Last day',
  }),
];

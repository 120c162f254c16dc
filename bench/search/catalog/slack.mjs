import { tool } from './define.mjs';

const channel = { 'channel_id!': 'Id of the channel' };
const message = { ...channel, 'timestamp!': 'Timestamp of the message' };
const pages = { 'limit#': 'Most results to return, at most 200', cursor: 'Cursor of the next page' };

export default [
  tool(
    'slack_list_channels',
    'List public and private channels in the workspace that the bot can see.',
    pages,
  ),
  tool('slack_post_message', 'Post a new message to a Slack channel or direct message.', {
    ...channel,
    'text!': 'Message text',
    'unfurl_links?': 'Show previews of links',
  }),
  tool('slack_reply_to_thread', 'Reply to a specific message thread in Slack.', {
    ...channel,
    'thread_ts!': 'Timestamp of the parent message',
    'text!': 'Reply text',
    'broadcast?': 'Also show the reply in the channel',
  }),
  tool('slack_update_message', 'Edit the text of a message that was posted before.', {
    ...message,
    'text!': 'New text',
  }),
  tool('slack_delete_message', 'Delete a message from a channel.', message),
  tool('slack_schedule_message', 'Schedule a message to be posted to a channel at a later time.', {
    ...channel,
    'text!': 'Message text',
    'post_at!#': 'When to post, as a Unix timestamp',
  }),
  tool('slack_list_scheduled_messages', 'List messages that are scheduled and not posted yet.', {
    channel_id: 'Only of this channel',
    ...pages,
  }),
  tool('slack_add_reaction', 'Add an emoji reaction to a message.', {
    ...message,
    'reaction!': 'Name of the emoji, without colons',
  }),
  tool('slack_remove_reaction', 'Remove an emoji reaction from a message.', {
    ...message,
    'reaction!': 'Name of the emoji',
  }),
  tool('slack_get_channel_history', 'Get recent messages from a channel.', {
    ...channel,
    oldest: 'Only messages after this timestamp',
    ...pages,
  }),
  tool('slack_get_thread_replies', 'Get all replies in a message thread.', {
    ...channel,
    'thread_ts!': 'Timestamp of the parent message',
  }),
  tool('slack_search_messages', 'Search messages across the whole workspace.', {
    'query!': 'Search query; supports from:, in: and before:',
    sort: 'score or timestamp',
    'count#': 'How many',
  }),
  tool('slack_search_files', 'Search files that were shared in the workspace.', {
    'query!': 'Search query',
    'count#': 'How many',
  }),
  tool('slack_upload_file', 'Upload a file to a channel.', {
    ...channel,
    'filename!': 'Name of the file',
    'content!': 'Content, base64',
    initial_comment: 'Message that introduces the file',
  }),
  tool('slack_create_channel', 'Create a new public or private channel.', {
    'name!': 'Channel name',
    'is_private?': 'Make it private',
  }),
  tool('slack_archive_channel', 'Archive a channel so that nobody can post in it any more.', channel),
  tool('slack_set_channel_topic', 'Set the topic of a channel.', { ...channel, 'topic!': 'New topic' }),
  tool('slack_invite_to_channel', 'Invite users to a channel.', {
    ...channel,
    'users[]!': 'Ids of the users',
  }),
  tool('slack_remove_from_channel', 'Remove a user from a channel.', {
    ...channel,
    'user_id!': 'Id of the user',
  }),
  tool('slack_open_dm', 'Open a direct message or group conversation with one or more users.', {
    'users[]!': 'Ids of the users',
  }),
  tool('slack_get_users', 'List all users of the workspace with basic profile information.', pages),
  tool('slack_get_user_profile', 'Get the detailed profile of a user: title, phone, time zone.', {
    'user_id!': 'Id of the user',
  }),
  tool('slack_set_status', 'Set your own status text and emoji, with an optional expiration.', {
    'status_text!': 'Status text',
    status_emoji: 'Emoji',
    'expiration#': 'When it is cleared, as a Unix timestamp',
  }),
  tool('slack_set_do_not_disturb', 'Snooze notifications for a number of minutes.', {
    'minutes!#': 'For how long',
  }),
  tool('slack_add_reminder', 'Create a reminder for yourself or another user.', {
    'text!': 'What to remind of',
    'time!': 'When, such as "tomorrow at 9am"',
    user_id: 'Whom to remind',
  }),
];

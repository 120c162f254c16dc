import { tool } from './define.mjs';

const calendar = { calendarId: 'Calendar; the primary one if left out' };
const event = { ...calendar, 'eventId!': 'Id of the event' };
const range = {
  timeMin: 'Start of the range (ISO 8601)',
  timeMax: 'End of the range (ISO 8601)',
  timeZone: 'IANA time zone',
};

export default [
  tool('list-calendars', 'List all calendars that the user can see.'),
  tool('list-events', 'List events from one or more calendars within a time range.', {
    ...calendar,
    ...range,
    'maxResults#': 'How many',
  }),
  tool(
    'search-events',
    'Search for events in a calendar by text in their title, description, location or attendees.',
    { ...calendar, 'query!': 'Text to look for', ...range },
  ),
  tool('get-event', 'Get all details of one calendar event.', event),
  tool('create-event', 'Create a new calendar event, and invite attendees to it.', {
    ...calendar,
    'summary!': 'Title of the event',
    'start!': 'Start time',
    'end!': 'End time',
    description: 'Notes',
    location: 'Place',
    'attendees[]': 'Email addresses to invite',
    'addVideoLink?': 'Add a video conference',
    'recurrence[]': 'RRULE lines',
  }),
  tool(
    'quick-add-event',
    'Create an event from a plain sentence, such as "Lunch with Sam on Friday at noon".',
    { ...calendar, 'text!': 'The sentence' },
  ),
  tool('update-event', 'Update a calendar event: change its time, title, place, attendees or description.', {
    ...event,
    summary: 'New title',
    start: 'New start time',
    end: 'New end time',
    location: 'New place',
    'attendees[]': 'New attendees',
    'notify?': 'Tell the attendees',
  }),
  tool('delete-event', 'Delete a calendar event and cancel it for its attendees.', {
    ...event,
    'notify?': 'Tell the attendees',
  }),
  tool('move-event', 'Move an event to another calendar.', {
    ...event,
    'destination!': 'Calendar to move it to',
  }),
  tool('respond-to-event', 'Respond to an invitation: accept, decline or maybe.', {
    ...event,
    'response!': 'accepted, declined or tentative',
    comment: 'Note to the organizer',
  }),
  tool('list-event-instances', 'List the single instances of a recurring event.', { ...event, ...range }),
  tool('get-freebusy', 'Query free and busy times of calendars, to see who is available when.', {
    'calendars[]!': 'Calendars or addresses',
    ...range,
  }),
  tool('suggest-meeting-times', 'Find time slots in which all attendees are free.', {
    'attendees[]!': 'Email addresses',
    'durationMinutes!#': 'How long the meeting takes',
    ...range,
    workingHours: 'Such as 09:00-17:00',
  }),
  tool('get-current-time', 'Get the current date and time in a time zone.', { timeZone: 'IANA time zone' }),
  tool('add-attendee', 'Add a guest to an event.', {
    ...event,
    'email!': 'Address of the guest',
    'optional?': 'Attendance is optional',
  }),
  tool('remove-attendee', 'Remove a guest from an event.', { ...event, 'email!': 'Address of the guest' }),
  tool('set-event-reminder', 'Set when and how to be reminded of an event.', {
    ...event,
    'minutes!#': 'How long before',
    method: 'popup or email',
  }),
  tool('create-calendar', 'Create a new secondary calendar.', {
    'summary!': 'Name of the calendar',
    timeZone: 'IANA time zone',
  }),
  tool('delete-calendar', 'Delete a secondary calendar with all its events.', { 'calendarId!': 'Calendar' }),
  tool('share-calendar', 'Share a calendar with another person.', {
    'calendarId!': 'Calendar',
    'email!': 'With whom',
    'role!': 'reader, writer or owner',
  }),
  tool('subscribe-to-calendar', 'Subscribe to a public calendar by its address, such as holidays.', {
    'url!': 'Address of the calendar',
  }),
  tool('list-colors', 'List the color ids that events can have.'),
  tool('set-out-of-office', 'Block time as out of office and decline meetings automatically.', {
    'start!': 'First moment',
    'end!': 'Last moment',
    message: 'Message to those who invite',
  }),
  tool('set-focus-time', 'Block focus time in the calendar.', {
    'start!': 'Start',
    'end!': 'End',
    'declineInvitations?': 'Decline conflicting meetings',
  }),
  tool('create-booking-page', 'Create an appointment schedule that others can book slots from.', {
    'title!': 'Name of the page',
    'durationMinutes!#': 'Length of a slot',
    availability: 'Weekly hours',
  }),
];

import { tool } from './define.mjs';

const contact = { 'contactId!': 'Id of the contact' };
const deal = { 'dealId!': 'Id of the deal' };
const pages = { 'limit#': 'How many', after: 'Cursor of the next page' };

export default [
  tool('hubspot_search_contacts', 'Search contacts in the CRM by name, email, company or any property.', {
    'query!': 'What to look for',
    'properties[]': 'Properties to return',
    ...pages,
  }),
  tool('hubspot_get_contact', 'Get a contact with its properties and associations.', contact),
  tool('hubspot_create_contact', 'Create a new contact (lead) in the CRM.', {
    'email!': 'Address',
    firstname: 'First name',
    lastname: 'Last name',
    phone: 'Phone',
    company: 'Company',
    lifecyclestage: 'Stage',
  }),
  tool('hubspot_update_contact', 'Update properties of a contact.', {
    ...contact,
    'properties{}!': 'New values',
  }),
  tool('hubspot_merge_contacts', 'Merge two duplicate contacts into one.', {
    'primaryId!': 'The one that stays',
    'secondaryId!': 'The one that is merged into it',
  }),
  tool('hubspot_search_companies', 'Search companies (accounts) in the CRM.', {
    'query!': 'What to look for',
    ...pages,
  }),
  tool('hubspot_create_company', 'Create a new company in the CRM.', {
    'name!': 'Name',
    domain: 'Website domain',
    industry: 'Industry',
  }),
  tool('hubspot_update_company', 'Update properties of a company.', {
    'companyId!': 'Id of the company',
    'properties{}!': 'New values',
  }),
  tool('hubspot_search_deals', 'Search deals (opportunities) by name, stage, owner or amount.', {
    query: 'What to look for',
    stage: 'Stage',
    ownerId: 'Owner',
    ...pages,
  }),
  tool('hubspot_create_deal', 'Create a new deal in a sales pipeline.', {
    'dealname!': 'Name',
    pipeline: 'Pipeline',
    dealstage: 'Stage',
    'amount#': 'Amount',
    closedate: 'Expected close date',
  }),
  tool('hubspot_update_deal', 'Update a deal: move it to another stage, change its amount or close date.', {
    ...deal,
    dealstage: 'New stage',
    'amount#': 'New amount',
    closedate: 'New close date',
  }),
  tool('hubspot_list_pipelines', 'List sales pipelines and their stages.'),
  tool('hubspot_create_note', 'Log a note on a contact, company or deal.', {
    'body!': 'Text of the note',
    contactId: 'Contact',
    companyId: 'Company',
    dealId: 'Deal',
  }),
  tool('hubspot_log_call', 'Log a phone call with a contact and its outcome.', {
    ...contact,
    'body!': 'Notes of the call',
    outcome: 'Outcome',
    'durationMinutes#': 'How long',
  }),
  tool('hubspot_create_task', 'Create a follow-up task for a sales rep.', {
    'subject!': 'What to do',
    dueDate: 'Due date',
    ownerId: 'Owner',
    contactId: 'Contact',
  }),
  tool('hubspot_list_tasks', 'List tasks of a sales rep, by status and due date.', {
    ownerId: 'Owner',
    status: 'Status',
    ...pages,
  }),
  tool(
    'hubspot_get_engagements',
    'Get the activity history of a contact: emails, calls, meetings and notes.',
    { ...contact, ...pages },
  ),
  tool('hubspot_create_ticket', 'Open a support ticket.', {
    'subject!': 'Subject',
    content: 'What the customer says',
    priority: 'LOW, MEDIUM or HIGH',
    contactId: 'Contact',
  }),
  tool('hubspot_update_ticket', 'Update the status, priority or owner of a support ticket.', {
    'ticketId!': 'Id of the ticket',
    status: 'New status',
    priority: 'New priority',
    ownerId: 'New owner',
  }),
  tool('hubspot_list_owners', 'List the users that can own records.', pages),
  tool('hubspot_create_list', 'Create a static or active list (segment) of contacts.', {
    'name!': 'Name',
    'dynamic?': 'Active list',
    'filters[]': 'Filters',
  }),
  tool('hubspot_add_to_list', 'Add contacts to a static list.', {
    'listId!': 'Id of the list',
    'contactIds[]!': 'Ids of the contacts',
  }),
  tool(
    'hubspot_get_campaign_stats',
    'Get statistics of a marketing email campaign: sent, opened, clicked, unsubscribed.',
    { 'campaignId!': 'Id of the campaign' },
  ),
  tool('hubspot_list_forms', 'List marketing forms with their submission counts.', pages),
  tool('hubspot_get_form_submissions', 'Get the submissions of a form.', {
    'formId!': 'Id of the form',
    ...pages,
  }),
];

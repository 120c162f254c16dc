// More requests, for choosing a ranking by: these may be looked at one by one.
const labelled = [
  ['who am I logged in as on GitHub', 'github/get_me', 'sentry/whoami'],
  [
    'leave a note on issue 12 that it is fixed in the next version',
    'github/add_issue_comment',
    'linear/create_comment',
  ],
  ['approve the pull request with a short comment', 'github/create_pull_request_review'],
  ['which repos are popular for typescript testing', 'github/search_repositories'],
  ['who broke the build, show the last commits on main', 'github/list_commits'],

  ['post a weekly status for the Apollo project, we are slightly behind', 'linear/create_project_update'],
  ['put ENG-55 into the next sprint', 'linear/add_issue_to_cycle'],
  ['set ENG-9 to in progress and give it to Ravi', 'linear/update_issue'],
  [
    'who is on the design team',
    'linear/get_team',
    'linear/list_users',
    'linear/list_teams',
    'notion/notion-get-teams',
  ],

  ['what did people say in #support since this morning', 'slack/slack_get_channel_history'],
  ['remind me tomorrow at 9 to call the bank', 'slack/slack_add_reminder'],
  ['make a private channel for the incident', 'slack/slack_create_channel'],
  ['fix the typo in the message I just posted', 'slack/slack_update_message'],
  ['get Lena into the #launch channel', 'slack/slack_invite_to_channel'],

  ['answer the mail from my landlord that Monday is fine', 'gmail/reply_to_email'],
  ['send the invoice mail on to our accountant', 'gmail/forward_email'],
  ['save the pdf that came with the last mail from HR', 'gmail/download_attachment'],
  ['put all mails from newsletters automatically into the archive', 'gmail/create_filter'],

  ['say yes to the invite for the all hands', 'calendar/respond-to-event'],
  ['cancel lunch with Peter on Tuesday', 'calendar/delete-event'],
  [
    'block two hours tomorrow morning so I can concentrate',
    'calendar/set-focus-time',
    'calendar/create-event',
  ],
  ['invite Julia to the kickoff meeting as well', 'calendar/add-attendee', 'calendar/update-event'],

  ['who can see the salary sheet', 'drive/list_permissions'],
  ['where did I put the presentation for the board', 'drive/search_files'],
  ['get me yesterday’s version of the roadmap document', 'drive/list_revisions'],
  ['how much space do I have left on google drive', 'drive/get_storage_quota'],

  ['make a new page in notion with the meeting notes', 'notion/notion-create-pages'],
  ['show all open tasks in the notion task database', 'notion/notion-query-database'],
  ['what have people commented on the spec page', 'notion/notion-get-comments'],
  ['let everyone on the internet read this notion page', 'notion/notion-share-page'],

  ['how many orders were placed last week, ask the database', 'postgres/query'],
  ['which indexes can we drop because nobody needs them', 'postgres/list_unused_indexes'],
  ['kill the query that has been running for an hour', 'postgres/cancel_query'],
  ['how big is the events table', 'postgres/get_table_size'],

  ['show me the last 50 lines of server.log', 'filesystem/read_text_file'],
  ['what is in my downloads folder', 'filesystem/list_directory', 'filesystem/list_directory_with_sizes'],
  ['change every http to https in the config files', 'filesystem/replace_in_files'],
  ['did these two files change in any way', 'filesystem/compare_files'],

  ['take a picture of the whole web page', 'browser/browser_take_screenshot'],
  ['press the blue submit button', 'browser/browser_click'],
  ['pick Germany in the country list', 'browser/browser_select_option'],
  ['which api calls does the page make', 'browser/browser_network_requests'],

  ['bill ACME 500 dollars for consulting', 'stripe/create_invoice', 'stripe/create_invoice_item'],
  ['who has not paid their invoice yet', 'stripe/list_invoices'],
  ['I need a link where people can pay for the workshop', 'stripe/create_payment_link'],
  ['switch the customer to the yearly plan', 'stripe/update_subscription'],

  ['what did we sell last month', 'shopify/get-sales-report'],
  ['the customer wants to send the shoes back', 'shopify/create-return'],
  ['make the red mug 3 euros cheaper', 'shopify/update-variant-price'],
  ['who filled their cart but never bought anything', 'shopify/get-abandoned-checkouts'],

  [
    'note down that I phoned Mr. Lee and he wants a demo',
    'hubspot/hubspot_log_call',
    'hubspot/hubspot_create_note',
  ],
  [
    'find the phone number of our contact at Siemens',
    'hubspot/hubspot_search_contacts',
    'hubspot/hubspot_get_contact',
  ],
  ['we have two entries for the same person, make it one', 'hubspot/hubspot_merge_contacts'],
  ['which deals will close this quarter', 'hubspot/hubspot_search_deals'],

  ['which endpoints are slow', 'sentry/get_performance_summary'],
  ['how stable is release 2.4, how often does it crash', 'sentry/find_crash_free_rate'],
  ['mark the null pointer error as fixed', 'sentry/update_issue'],
  ['what did the user do before the app broke', 'sentry/list_replays'],

  ['is any pod restarting all the time', 'kubernetes/list_pods', 'kubernetes/kubectl_get'],
  ['open a shell command inside the worker container', 'kubernetes/exec_in_pod'],
  ['deploy image version 1.8 to the web deployment', 'kubernetes/set_image'],
  ['take node 3 out of service for maintenance', 'kubernetes/drain_node'],

  ['turn off the test machines over the weekend', 'aws/EC2StopInstances'],
  ['search the cloudwatch logs for timeouts', 'aws/CloudWatchQueryLogs'],
  ['allow my ip to connect on port 5432', 'aws/EC2AuthorizeIngress'],
  ['what is the database password in the secrets manager', 'aws/SecretsManagerGetSecret'],

  ['what feedback did we get on the mockup', 'figma/getComments'],
  ['draw a flow chart of the login', 'figma/createDiagram'],
  ['make the button blue', 'figma/setFillColor'],
  ['show me how the checkout screen looks', 'figma/getScreenshot', 'figma/getNode'],

  ['play the next song', 'spotify/skipToNext'],
  ['make a playlist for running', 'spotify/createPlaylist'],
  ['what have I listened to most this year', 'spotify/getTopItems'],
  ['continue the music on the kitchen speaker', 'spotify/transferPlayback', 'spotify/resumePlayback'],

  ['when does the next bus leave from Central Station', 'maps/maps_transit_departures'],
  ['are there traffic jams on the way to the airport', 'maps/maps_traffic'],
  ['what do people think about the Blue Cafe', 'maps/maps_place_reviews'],
  ['what is the fastest order to visit these five customers', 'maps/maps_optimize_route'],

  ['is the garage door shut', 'home/HassGetState'],
  ['close the blinds in the office halfway', 'home/HassSetCoverPosition'],
  ['we are leaving, switch the alarm on', 'home/HassArmAlarm'],
  ['put milk on my shopping list', 'home/HassShoppingListAddItem'],
  ['how much power did the house use yesterday', 'home/HassGetEnergyUsage'],
];

export const practice = labelled.map(([text, ...wanted]) => ({ text, wanted }));

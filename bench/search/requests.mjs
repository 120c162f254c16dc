// What people ask for, in their words, with the tools that would serve them: any one of them among the first five is a
// hit. The ranking was not changed by looking at which of these are missed; for that, there is `practice.mjs`.
const labelled = [
  ['open a PR from my feature-login branch into main on acme/web', 'github/create_pull_request'],
  ['did the CI checks pass on pull request 482?', 'github/get_pull_request_status'],
  ['which files did Maria touch in PR 77', 'github/get_pull_request_files'],

  [
    'file a high priority bug in Linear for the mobile team: login button does nothing',
    'linear/create_issue',
  ],
  ["what's left in our current sprint", 'linear/list_cycles', 'linear/list_issues'],
  ['mark ENG-204 as blocked by ENG-198', 'linear/create_issue_relation'],

  ['tell #general that the deploy is done', 'slack/slack_post_message'],
  ["thumbs up Tom's last message", 'slack/slack_add_reaction'],
  ['mute my slack notifications for the next two hours', 'slack/slack_set_do_not_disturb'],

  ["write an email to anna@example.com about Friday's offsite but don't send it yet", 'gmail/draft_email'],
  [
    "I'm on holiday next week, set up an auto reply",
    'gmail/set_vacation_responder',
    'calendar/set-out-of-office',
  ],
  ['find the mail from DHL with the tracking number', 'gmail/search_emails'],

  [
    'when are Bob, Alice and me all free this week for 30 minutes?',
    'calendar/suggest-meeting-times',
    'calendar/get-freebusy',
  ],
  ['push my 3pm meeting with Sarah to Thursday', 'calendar/update-event'],
  ["what's on my calendar tomorrow", 'calendar/list-events'],

  ['give marta@example.com edit access to the budget spreadsheet', 'drive/share_file'],
  ['add a line to the expenses google sheet', 'drive/append_sheet_row'],
  ['download the contract google doc as a pdf', 'drive/download_file'],

  ['look up our onboarding guide in notion', 'notion/notion-search'],
  [
    'add the new candidate to the hiring database in Notion',
    'notion/notion-create-database-row',
    'notion/notion-create-pages',
  ],
  ['tick off the second to-do on my notion page', 'notion/notion-update-block'],

  ['why is this sql so slow?', 'postgres/explain_query', 'postgres/get_slow_queries'],
  ['what columns does the users table have', 'postgres/describe_table'],
  ['something is blocking my transaction, who holds the lock?', 'postgres/get_locks'],

  ['find every place in the project that mentions API_KEY', 'filesystem/grep_files'],
  ['unpack release.zip into the build folder', 'filesystem/unzip_file'],
  ['rename report_final.txt to report.txt', 'filesystem/move_file', 'drive/rename_file'],

  ['go to news.ycombinator.com', 'browser/browser_navigate'],
  ['fill in the signup form with my details', 'browser/browser_fill_form'],
  ['are there any javascript errors in the console of this page', 'browser/browser_console_messages'],

  ['give the customer their money back for payment pi_3Nf', 'stripe/create_refund'],
  ['a customer wants to end their subscription at the end of the month', 'stripe/cancel_subscription'],
  ['how much money do we have in stripe right now', 'stripe/retrieve_balance'],

  ['how many blue hoodies do we have left in stock', 'shopify/get-inventory-levels'],
  ['order 1042 went out with UPS today, tracking 1Z999', 'shopify/fulfill-order'],
  [
    'make a 20% off code for black friday in the shop',
    'shopify/create-discount-code',
    'stripe/create_coupon',
  ],

  ['add Jane Doe from Initech as a new lead', 'hubspot/hubspot_create_contact'],
  ['move the Globex deal to contract sent', 'hubspot/hubspot_update_deal'],
  ['how did our newsletter do, how many people opened it', 'hubspot/hubspot_get_campaign_stats'],

  ['what are the most frequent unresolved errors in production this week', 'sentry/search_issues'],
  ['show me the stack trace for BACKEND-4F', 'sentry/get_issue_details'],
  ['let me know when the error rate goes above 5%', 'sentry/create_alert_rule'],

  ['why does the checkout pod keep crashing, show me its logs', 'kubernetes/get_pod_logs'],
  ['scale the api up to 5 replicas', 'kubernetes/scale_deployment'],
  ['undo the last rollout of the web frontend', 'kubernetes/rollout_undo'],

  ['what is making our aws bill so high this month', 'aws/CostExplorerGetCosts'],
  ['make a link to the file in our S3 bucket that works for one day', 'aws/S3PresignUrl'],
  ['back up the production RDS database', 'aws/RDSCreateSnapshot'],

  ['export the logo from figma as svg', 'figma/exportImages'],
  ['which colors and spacing tokens does this frame use', 'figma/getVariableDefs', 'figma/listStyles'],
  ['turn this design into React code', 'figma/getDesignContext'],

  ['what song is this?', 'spotify/getNowPlaying'],
  ['put on some jazz', 'spotify/playMusic', 'spotify/searchSpotify', 'spotify/getRecommendations'],
  ['turn the music down a bit', 'spotify/setVolume', 'home/HassSetVolume'],

  [
    'how long does it take to bike from the office to the train station',
    'maps/maps_directions',
    'maps/maps_distance_matrix',
  ],
  ['do I need an umbrella in Hamburg tomorrow?', 'maps/maps_weather_forecast'],
  ['is there an Italian restaurant open near me', 'maps/maps_search_places', 'maps/maps_search_nearby'],

  ['dim the lights in the living room', 'home/HassLightSet'],
  ['make it warmer in the bedroom', 'home/HassClimateSetTemperature'],
  ['did I lock the front door?', 'home/HassGetState'],
];

export const requests = labelled.map(([text, ...wanted]) => ({ text, wanted }));

import { stem } from './stem.ts';

/**
 * Words that people and authors of tools use for the same thing, one sense a line; a word may have several. Everyday and
 * office English only: the words of one trade or product are for its servers to use in their descriptions.
 */
const SENSES = `
  get list show view see read fetch retrieve find search lookup look query display check what which who whose when where any
  create add new make open insert put compose
  write draft compose type
  register sign enrol join
  delete remove erase drop trash bin discard clear purge destroy rid
  update change edit modify set adjust alter correct fix amend revise switch
  move shift push postpone reschedule delay bring transfer
  replace swap substitute
  rename name call title
  send post write tell say notify announce inform message text ping let know
  reply answer respond response
  forward redirect pass
  share give grant invite access permission allow let
  revoke withdraw take remove
  stop cancel end abort halt kill terminate quit
  start run begin launch trigger execute invoke fire
  pause hold suspend
  mute silence snooze quiet disturb
  resume continue unpause
  restart reboot reload rerun retry again
  undo revert rollback roll restore recover
  copy duplicate clone
  version revision history
  backup snapshot copy save
  upload attach import add
  download export save extract
  turn switch toggle enable disable activate
  increase raise up louder more brighter higher grow
  reduce lower down dim quieter less decrease shrink
  approve accept confirm agree ok
  decline reject refuse deny
  finish complete done close resolve solve fix fixed
  open close shut
  tick check mark checkbox
  assign hand owner responsible
  compare diff difference changed changes
  explain why reason cause analyze understand
  suggest recommend recommendation propose advise similar
  count number many statistics stats total report how
  connect link join associate relate
  api request network http endpoint
  split separate divide
  merge combine unite
  follow subscribe watch track monitor
  sort order rank
  filter narrow restrict only
  visit go navigate browse open
  press click push tap hit
  type enter input fill
  choose select pick
  book reserve reservation appointment
  buy bought order purchase checkout cart
  sell sale sales sold
  pay payment charge paid
  money balance payment cash fund amount
  cost price bill spend spending spent expense fee expensive cheap cheaper dollar euro
  refund return reimburse
  invoice bill receipt
  discount coupon voucher promo promotion sale off percent
  subscription plan membership recurring
  customer client buyer shopper
  contact lead prospect
  company account organization firm business
  deal opportunity
  user person people member colleague teammate employee staff somebody
  team group crew
  attendee guest participant invitee
  meeting event appointment call agenda schedule
  phone phoned call
  calendar schedule agenda
  time date day when today tomorrow tonight yesterday monday tuesday wednesday thursday friday saturday sunday week weekend month year
  hour minute second duration long
  free available availability busy slot
  vacation holiday away absence leave off
  email mail inbox letter
  newsletter campaign mailing marketing
  message chat dm text conversation
  notification alert notify warn warning alarm
  reminder remind remember
  emoji reaction react like
  comment note remark feedback
  issue bug ticket problem defect
  error exception crash failure fail bug problem broken broke wrong
  task todo job chore
  sprint cycle iteration
  block depend dependency prevent
  project repository codebase
  deploy deployment release rollout ship publish
  ci build pipeline check
  test verify validate
  server machine instance host vm
  database db sql
  table row column entry record line
  log output trace console
  slow fast performance latency speed
  usage use used quota consumption left storage space
  power energy electricity
  secret password credential token key
  file document doc
  folder directory
  image picture photo screenshot
  logo icon image
  video film movie clip recording
  spreadsheet sheet excel table
  slide presentation deck
  zip compress archive unzip extract unpack decompress
  contain mention occurrence match text content
  link url address website site page
  form field sign signup
  style color colour font red green blue yellow black white
  design mockup layout frame
  music song track tune album artist
  play listen music
  volume loud quiet sound
  stock inventory quantity left warehouse
  ship fulfill deliver delivery shipment shipped tracking parcel package
  light lamp bulb brightness bright dark
  temperature warm warmer cold colder hot cool heat heating degree
  door lock unlock gate shut
  blind curtain shutter shade
  weather forecast rain sun snow wind
  place restaurant cafe shop store location spot
  near nearby around close
  route direction directions way travel trip distance far commute
  bike bicycle bicycling cycling cycle
  car drive driving
  train bus transit public transport
  walk walking foot
  home house
  now current currently right
  recent recently latest last newest
  previous before past history earlier old
  next upcoming future following coming
  all every each whole everything
  many multiple several bulk batch
  private secret hidden confidential
  big large size huge
  urgent priority important
  translate translation language
  summary summarize overview
  help support assist documentation guide manual
  map area
  health status state condition
  code source snippet
  branch fork
  person name profile
`;

/** Phrases whose words, one by one, say something else. */
const PHRASES: Readonly<Record<string, string>> = {
  'back up': 'backup',
  'can see': 'permission access',
  'call off': 'cancel',
  'fill out': 'fill form',
  'find out': 'search get',
  'follow up': 'reminder task',
  'get rid': 'delete',
  'go back': 'previous',
  'go to': 'navigate',
  'hand over': 'assign',
  'how far': 'distance',
  'how long': 'duration time',
  'how many': 'count number',
  'how much': 'amount total',
  'in progress': 'status state',
  'log in': 'login authenticated',
  'logged in': 'login authenticated',
  'look for': 'search',
  'look up': 'search',
  'money back': 'refund',
  'put off': 'postpone',
  'put on': 'play',
  'roll back': 'rollback undo',
  'say no': 'decline respond',
  'say yes': 'accept respond',
  'send back': 'return',
  'set up': 'create configure',
  'shut down': 'stop',
  'sign up': 'register',
  'take back': 'undo',
  'switch off': 'stop disable',
  'switch on': 'start enable',
  'turn down': 'lower decline',
  'turn off': 'stop disable',
  'turn on': 'start enable',
  'turn up': 'raise',
  'who am': 'authenticated user identify',
  'write down': 'note',
  ci: 'checks build pipeline',
  config: 'configuration',
  db: 'database',
  dir: 'directory',
  dm: 'direct message',
  doc: 'document',
  docs: 'documents',
  env: 'environment',
  img: 'image',
  k8s: 'kubernetes',
  msg: 'message',
  ooo: 'out office',
  org: 'organization',
  pic: 'picture',
  pics: 'pictures',
  pr: 'pull request',
  prs: 'pull requests',
  pto: 'vacation',
  repo: 'repository',
  repos: 'repositories',
  vm: 'machine',
};

/** What text of a certain shape is. */
const SHAPES: readonly { readonly shape: RegExp; readonly means: string }[] = [
  { shape: /[^\s@]@[^\s@]+\.\w/u, means: 'email address' },
  { shape: /(?:^|\s)@\w/u, means: 'user' },
  { shape: /(?:^|\s)#\p{L}/u, means: 'channel' },
  { shape: /https?:\/\/|(?:^|\s)[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|dev|app)\b/u, means: 'url' },
  { shape: /\w\.(?:txt|md|pdf|docx?|csv|json|ya?ml|xml|html?|log|js|ts|py|zip|tar|gz)\b/u, means: 'file' },
  { shape: /\w\.(?:png|jpe?g|gif|svg|webp)\b/u, means: 'image file' },
  { shape: /\w\.(?:xlsx?|csv)\b/u, means: 'spreadsheet' },
  { shape: /\b\p{Lu}{2,}-\d+\b/u, means: 'issue' },
  { shape: /^(?:is|are|was|were|did|does|has|have)\b/iu, means: 'state' },
  { shape: /\d\s?%/u, means: 'percent' },
  { shape: /[$€£]\s?\d/u, means: 'amount' },
  { shape: /\b\d{1,2}(?::\d\d|\s?[ap]m\b)/iu, means: 'time' },
];

/** A sense is a term that no word can be. */
export const SENSE_MARK = '=';

/** By stem; made when it is first needed. */
let sensesByStem: ReadonlyMap<string, readonly string[]> | undefined;

/** What a word, by its stem, may mean. */
export function sensesOf(stemmed: string): readonly string[] {
  sensesByStem ??= readSenses();
  return sensesByStem.get(stemmed) ?? [];
}

function readSenses(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [index, line] of SENSES.trim().split(/\n\s*/).entries()) {
    for (const word of new Set(line.split(' ').map(stem))) {
      const known = found.get(word) ?? [];
      found.set(word, [...known, `${SENSE_MARK}${index}`]);
    }
  }
  return found;
}

/** Words that phrases and short forms among these words stand for. */
export function spelledOut(words: readonly string[]): string[] {
  const phrases = words.flatMap((word, index) => [word, `${word} ${words[index + 1] ?? ''}`]);
  return phrases.flatMap((phrase) =>
    Object.hasOwn(PHRASES, phrase) ? (PHRASES[phrase]?.split(' ') ?? []) : [],
  );
}

/** Words for what looks like an address, a file, a time and so on. */
export function shapesOf(text: string): string[] {
  return SHAPES.flatMap(({ shape, means }) => (shape.test(text) ? means.split(' ') : []));
}

// `node visit.mjs <url>`: a person who signs in at once.
import { visit } from '../../support/sign-in/browser.mjs';

await visit(process.argv[2] ?? '');

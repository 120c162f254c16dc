// A process that signs in: log-in.mjs <url> <token file>
import { fileTokenStore, oauth } from '../../../dist/auth/index.js';
import { visit } from '../../support/sign-in/browser.mjs';

const [url = '', path = ''] = process.argv.slice(2);
const auth = oauth({ store: fileTokenStore(path), onAuthorize: async (page) => void (await visit(page)) });
await auth.forServer(url).authorize();

// Writes schema/plenum.schema.json from the schema that configurations are checked with. Run the build first.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { configJsonSchema } from '../dist/config/schema/json-schema.js';

const file = fileURLToPath(new URL('../schema/plenum.schema.json', import.meta.url));
const options = await resolveConfig(file);
const text = await format(JSON.stringify(configJsonSchema()), { ...options, parser: 'json' });
await mkdir(dirname(file), { recursive: true });
await writeFile(file, text);

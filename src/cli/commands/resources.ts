import type { RunCommand } from '../command-line/invocation.ts';
import { listCatalog } from '../servers/list-catalog.ts';

export const run: RunCommand = (invocation) =>
  listCatalog(invocation, ['resources', 'resourceTemplates'], async ({ group, matches, show }) => {
    const resources = [...group.resources]
      .filter(([uri, { name }]) => matches(uri, name))
      .map(([uri, { server, name, title, description, mimeType, size, annotations }]) => ({
        uri,
        server,
        name,
        title,
        description,
        mimeType,
        size,
        annotations,
      }));
    const resourceTemplates = [...group.resourceTemplates]
      .filter(([uriTemplate, { name }]) => matches(uriTemplate, name))
      .map(([uriTemplate, { server, name, title, description, mimeType, annotations }]) => ({
        uriTemplate,
        server,
        name,
        title,
        description,
        mimeType,
        annotations,
      }));
    const rows = [
      ...resources.map((each) => [
        each.uri,
        each.server,
        each.mimeType ?? '',
        each.description ?? each.title ?? each.name,
      ]),
      ...resourceTemplates.map((each) => [
        `${each.uriTemplate} (template)`,
        each.server,
        each.mimeType ?? '',
        each.description ?? each.title ?? each.name,
      ]),
    ];
    await show('resource', { resources, resourceTemplates }, ['URI', 'SERVER', 'TYPE', 'DESCRIPTION'], rows);
  });

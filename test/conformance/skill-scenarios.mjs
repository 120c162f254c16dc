// The skills extension: the official helper, on a session's client.
import { SkillsClient, SkillVerificationError } from '@modelcontextprotocol/client/ext/skills';
import { inSession } from './in-session.mjs';

export const skillScenarios = {
  'sep-2640-client-no-prefetch': ({ url }) =>
    inSession(url, {}, (session) => new SkillsClient(session.client).list()),
  'sep-2640-client-verify-digest': refuseSkill('digest'),
  'sep-2640-client-verify-size': refuseSkill('size'),
  'sep-2640-client-verify-frontmatter': refuseSkill('frontmatter'),
};

function refuseSkill(reason) {
  return ({ url }) =>
    inSession(url, {}, async (session) => {
      const client = new SkillsClient(session.client);
      const { skills } = await client.list();
      const error = await client.read(skills[0]).catch((thrown) => thrown);
      if (error instanceof SkillVerificationError && error.reason === reason) return;
      throw new Error(`The skill was not refused for its ${reason}.`, { cause: error });
    });
}

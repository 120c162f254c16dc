import aws from './aws.mjs';
import browser from './browser.mjs';
import calendar from './calendar.mjs';
import drive from './drive.mjs';
import figma from './figma.mjs';
import filesystem from './filesystem.mjs';
import github from './github.mjs';
import gmail from './gmail.mjs';
import home from './home.mjs';
import hubspot from './hubspot.mjs';
import kubernetes from './kubernetes.mjs';
import linear from './linear.mjs';
import maps from './maps.mjs';
import notion from './notion.mjs';
import postgres from './postgres.mjs';
import sentry from './sentry.mjs';
import shopify from './shopify.mjs';
import slack from './slack.mjs';
import spotify from './spotify.mjs';
import stripe from './stripe.mjs';

/** Twenty servers of twenty-five tools each, in the manner of real ones. */
export const catalog = {
  aws,
  browser,
  calendar,
  drive,
  figma,
  filesystem,
  github,
  gmail,
  home,
  hubspot,
  kubernetes,
  linear,
  maps,
  notion,
  postgres,
  sentry,
  shopify,
  slack,
  spotify,
  stripe,
};

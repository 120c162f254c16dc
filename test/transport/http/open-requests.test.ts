import { describe, expect, it } from 'vitest';
import { OpenRequests } from '../../../src/transport/http/open-requests.ts';

function post(message: object | string): RequestInit {
  return { method: 'POST', body: typeof message === 'string' ? message : JSON.stringify(message) };
}

const none = new Headers();

describe('the request that an exchange of the official transport is for', () => {
  it('is found by the id of the message that is posted, numbers and texts apart', () => {
    const requests = new OpenRequests();
    const [number, text] = [requests.add(1), requests.add('1')];
    expect(requests.find(post({ jsonrpc: '2.0', id: 1, method: 'ping' }), none)).toBe(number);
    expect(requests.find(post({ method: 'ping', params: {}, jsonrpc: '2.0', id: '1' }), none)).toBe(text);
  });

  it.each([
    ['a notification', post({ jsonrpc: '2.0', method: 'notifications/initialized' })],
    ['an answer to a request of the server with the same id', post({ jsonrpc: '2.0', id: 1, result: {} })],
    ['another request', post({ jsonrpc: '2.0', id: 2, method: 'ping' })],
    ['a GET without an event', { method: 'GET' }],
    ['a DELETE', { method: 'DELETE' }],
    ['a POST without a body', { method: 'POST' }],
    ['a POST of something else', post('grant_type=refresh_token')],
  ])('is none for %s', (_, init) => {
    const requests = new OpenRequests();
    requests.add(1);
    expect(requests.find(init, none)).toBeUndefined();
  });

  it('is found by the last event of its stream when that is resumed', () => {
    const requests = new OpenRequests();
    requests.add(1).lastEventId = 'a';
    const second = requests.add(2);
    second.lastEventId = 'b';
    const headers = new Headers({ 'last-event-id': 'b' });
    expect(requests.find({ method: 'GET' }, headers)).toBe(second);
    requests.delete(2);
    expect(requests.find({ method: 'GET' }, headers)).toBeUndefined();
  });

  it('is none once it was given up', () => {
    const requests = new OpenRequests();
    requests.add(1);
    requests.add(2);
    requests.abandon(1);
    expect(requests.find(post({ jsonrpc: '2.0', id: 1, method: 'ping' }), none)).toBeUndefined();
  });

  it('is cancelled at once when its caller has given it up already', () => {
    const requests = new OpenRequests();
    const request = requests.add(1, { requestSignal: AbortSignal.abort(new Error('not wanted')) });
    expect(requests.has(request)).toBe(false);
    expect(() => request.throwIfCancelled()).toThrow('not wanted');
  });
});

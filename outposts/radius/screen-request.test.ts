import assert from 'node:assert/strict'
import test from 'node:test'
import {
  attribute,
  fromHex,
  octets,
  opened,
  papRequest,
  type RequestOptions,
  request,
  SECRET,
} from '#test/support/radius.ts'
import { AttributeType, Code } from './codec/assigned-numbers.ts'
import { screenRequest } from './screen-request.ts'

type Sign = NonNullable<RequestOptions['sign']>
const PROXY_STATE = { attributes: [attribute(AttributeType.ProxyState, 'one')] }
const pap = (sign: Sign) => papRequest({ sign })
const status = (sign: Sign) => request({ code: Code.StatusServer, attributes: [], sign })
const eap = (sign: Sign) => request({ attributes: [attribute(AttributeType.EapMessage, fromHex('02010004'))], sign })

type Expected = 'login' | 'accept' | 'reject' | 'missing_message_authenticator' | 'bad_message_authenticator'
const rows: ReadonlyArray<[name: string, datagram: Uint8Array, required: Expected, optional: Expected]> = [
  ['RD-03: unsigned', pap('never'), 'missing_message_authenticator', 'login'],
  ['RD-02: signed first', pap('first'), 'login', 'login'],
  ['RD-02: signed in the middle', pap('middle'), 'login', 'login'],
  ['RD-02: signed last', pap('last'), 'login', 'login'],
  ['RD-02: forged', pap('forged'), 'bad_message_authenticator', 'bad_message_authenticator'],
  ['RD-02: signed twice', pap('twice'), 'bad_message_authenticator', 'bad_message_authenticator'],
  [
    'RD-09: signed with another secret',
    papRequest({ secret: 'not-the-secret' }),
    'bad_message_authenticator',
    'bad_message_authenticator',
  ],
  [
    'RD-04: Proxy-State, unsigned',
    papRequest({ sign: 'never', ...PROXY_STATE }),
    'missing_message_authenticator',
    'missing_message_authenticator',
  ],
  ['RD-04: Proxy-State, signed', papRequest(PROXY_STATE), 'login', 'login'],
  ['RFC 3579: EAP, unsigned', eap('never'), 'missing_message_authenticator', 'missing_message_authenticator'],
  ['RFC 3579: EAP, signed', eap('first'), 'reject', 'reject'],
  ['RD-16: Status-Server, unsigned', status('never'), 'missing_message_authenticator', 'missing_message_authenticator'],
  ['RD-16: Status-Server, signed', status('first'), 'accept', 'accept'],
]
for (const [index, policy] of (['required', 'optional'] as const).entries())
  for (const [name, datagram, ...expected] of rows)
    test(`${name}, Message-Authenticator ${policy}: ${expected[index]}`, () => {
      const provider = { secret: octets(SECRET), requiresMessageAuthenticator: policy === 'required' }
      const verdict = screenRequest(opened(datagram), provider)
      assert.equal(verdict.kind === 'drop' ? verdict.reason : verdict.kind, expected[index])
    })

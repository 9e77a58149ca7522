import assert from 'node:assert/strict'
import test from 'node:test'
import { html } from './html.ts'

test('values are escaped, in text and in attributes', () =>
  assert.equal(
    String(html`<a title="${'"><script>'}">${"<b>&'"}</a>`),
    '<a title="&quot;&gt;&lt;script&gt;">&lt;b&gt;&amp;&#39;</a>',
  ))

test('HTML stays, lists are joined, nothing is left out quietly as text', () =>
  assert.equal(
    String(html`<ul>${['a', '<'].map((item) => html`<li>${item}</li>`)}${undefined}${false}${0}</ul>`),
    '<ul><li>a</li><li>&lt;</li>0</ul>',
  ))

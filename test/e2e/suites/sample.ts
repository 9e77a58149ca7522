import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { Curl } from '#test/support/curl.ts'
import { startChromium } from '#test/support/engines/chromium.ts'
import { hasTool } from '#test/support/engines/tools.ts'
import type { RunningFleet } from '#test/support/fleet.ts'

const USERNAME_HEADER = /x-authentik-username/i

/** What arrives at the application behind the proxy outpost, for people with a browser and with curl. */
export function sampleSuite(running: () => RunningFleet): void {
  const address = () => `http://sample.localhost:${running().ports.proxy}/`

  test('curl signs in as demo, and the application sees the headers of demo', async (t) => {
    if (!(await hasTool(t, 'curl', 'curl'))) return
    using curl = new Curl()
    const page = await curl.signIn(address(), 'demo', running().password)
    assert.equal(page.status, 200)
    assert.equal(page.url, address())
    assert.match(page.body, /x-authentik-username<\/th> <td>demo</i)
    assert.match(page.body, /x-authentik-groups<\/th> <td>staff</i)
    assert.match(page.body, /x-authentik-email<\/th> <td>demo@example\.com</i)
  })

  test('identity headers that a client sends do not arrive', async (t) => {
    if (!(await hasTool(t, 'curl', 'curl'))) return
    using curl = new Curl()
    await curl.signIn(address(), 'demo', running().password)
    const forged = ['X-authentik-username: akadmin', 'X_Authentik_Username: akadmin', 'x-authentik-Groups: akadmin']
    const page = await curl.open(
      address(),
      forged.flatMap((header) => ['-H', header]),
    )
    assert.match(page.body, /x-authentik-username<\/th> <td>demo</i)
    assert.doesNotMatch(page.body, /akadmin/)
  })

  test('guest signs in and is refused', async (t) => {
    if (!(await hasTool(t, 'curl', 'curl'))) return
    using curl = new Curl()
    const page = await curl.signIn(address(), 'guest', running().password)
    assert.equal(page.status, 403)
    assert.doesNotMatch(page.body, USERNAME_HEADER)
  })

  test('a wrong password stays outside', async (t) => {
    if (!(await hasTool(t, 'curl', 'curl'))) return
    using curl = new Curl()
    const page = await curl.signIn(address(), 'demo', 'wrong')
    assert.notEqual(new URL(page.url).host, new URL(address()).host)
    assert.doesNotMatch(page.body, USERNAME_HEADER)
  })

  for (const javaScriptEnabled of [true, false])
    test(`Chromium signs in with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async (t) => {
      if (!(await hasTool(t, 'chromium', 'chromium'))) return
      await using browser = await startChromium()
      const context = await browser.newContext({ javaScriptEnabled })
      const page = await context.newPage()
      await page.goto(address())
      await signIn(page, 'demo', running().password)
      await page.waitForURL(address())
      const text = await page.locator('body').textContent()
      assert.match(text ?? '', /x-authentik-username\s+demo/i)
    })
}

async function signIn(page: Page, username: string, password: string): Promise<void> {
  await page.locator('input[name=uid_field]').fill(username)
  await page.locator('button[type=submit]').click()
  await page.locator('input[name=password]').fill(password)
  await page.locator('button[type=submit]').click()
}

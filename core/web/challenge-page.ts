import type { PresentedChallenge } from '#core/flows/executor.ts'
import type { StageChallenge } from '#core/flows/stage.ts'
import type { ResponseErrors } from '#schema/challenge/challenge.ts'
import { type Html, html } from './html.ts'

/** What the page of a challenge is made from. */
export interface ChallengeForm {
  /** Where the form goes: the page itself, with its query. */
  readonly action: string
  /** Where somebody else starts from, with the same goal. */
  readonly cancel: string
  readonly csrf: string
  readonly challenge: PresentedChallenge
  readonly errors: ResponseErrors | undefined
}

const LABELS: Readonly<Record<string, string>> = { username: 'Username', email: 'Email', upn: 'User principal name' }

/** What each challenge looks like as fields of a form; whatever has no entry needs more than a form. */
const FIELDS: Readonly<Record<string, (challenge: StageChallenge, errors: ResponseErrors) => Html>> = {
  'ak-stage-identification': (challenge, errors) => {
    const fields = Array.isArray(challenge['user_fields']) ? challenge['user_fields'] : []
    const label = fields
      .map((field, index) => (index === 0 ? (LABELS[field] ?? field) : (LABELS[field] ?? field).toLowerCase()))
      .join(' or ')
    return html`
<label>${label || 'Username'}
<input type="text" name="uid_field" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus${invalidMark(errors, 'uid_field')}></label>
${challenge['password_fields'] === true && passwordField(errors, { isFirst: false })}
<button type="submit">${String(challenge['primary_action'] ?? 'Continue')}</button>`
  },
  'ak-stage-password': (challenge, errors) => html`
${person(challenge)}
<input type="text" name="username" value="${String(challenge['pending_user'] ?? '')}" autocomplete="username" readonly hidden>
${passwordField(errors, { isFirst: true })}
<button type="submit">Sign in</button>`,
  'ak-stage-user-login': (challenge) => html`
${person(challenge)}
<input type="hidden" name="remember_me" value="false">
<label class="choice"><input type="checkbox" name="remember_me" value="true"> Stay signed in on this device</label>
<button type="submit">Continue</button>`,
}

/** The form that answers a challenge; it works without scripts, and password managers can see its fields. */
export function challengePage({ action, cancel, csrf, challenge, errors = {} }: ChallengeForm): Html {
  const { title } = challenge.flow_info
  const fields = FIELDS[challenge.component]
  if (fields === undefined)
    return html`<h1>${title}</h1><p class="problem" role="alert">This step cannot be done on this page.</p>`
  return html`<h1>${title}</h1>
${problems(errors)}
<form method="post" action="${action}">
<input type="hidden" name="csrf" value="${csrf}">
<input type="hidden" name="component" value="${challenge.component}">
${fields(challenge, errors)}
</form>
${'pending_user' in challenge && html`<p class="quiet"><a href="${cancel}">Not you? Sign in as somebody else</a></p>`}`
}

function problems(errors: ResponseErrors): Html | undefined {
  const texts = Object.values(errors).flatMap((list) => list.map((error) => error.string))
  return texts.length === 0
    ? undefined
    : html`<div class="problem" role="alert" id="problem">${texts.map((text) => html`<div>${text}</div>`)}</div>`
}

function passwordField(errors: ResponseErrors, { isFirst }: { isFirst: boolean }): Html {
  return html`
<label>Password
<input type="password" name="password" autocomplete="current-password" required${isFirst && html` autofocus`}${invalidMark(errors, 'password')}></label>`
}

const invalidMark = (errors: ResponseErrors, field: string) =>
  field in errors && html` aria-invalid="true" aria-describedby="problem"`

function person(challenge: StageChallenge): Html {
  return html`<p class="who"><img src="${String(challenge['pending_user_avatar'] ?? '')}" alt=""> <span>${String(challenge['pending_user'] ?? '')}</span></p>`
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text as it may stand in HTML and in quoted attributes. */
const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => ESCAPES[character]!)

const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:Canvas;color:CanvasText}
main{max-width:32rem;margin:1rem;padding:2rem;border:1px solid GrayText;border-radius:.5rem}
h1{margin-top:0;font-size:1.4rem}small{color:GrayText}
a,button{font:inherit}button{padding:.5rem 1.25rem;cursor:pointer}`

export interface Page {
  readonly title: string
  readonly text: string
  /** What the visitor can tell an administrator. */
  readonly reference?: string
  readonly link?: { readonly href: string; readonly label: string }
  /** A button that posts to this address. */
  readonly form?: { readonly action: string; readonly label: string }
}

/** A page of the outpost itself, complete in one document. */
export function renderPage({ title, text, reference, link, form }: Page): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>${escaped(title)}</title><style>${STYLE}</style></head>
<body><main><h1>${escaped(title)}</h1><p>${escaped(text)}</p>
${form === undefined ? '' : `<form method="post" action="${escaped(form.action)}"><button>${escaped(form.label)}</button></form>`}
${link === undefined ? '' : `<p><a href="${escaped(link.href)}">${escaped(link.label)}</a></p>`}
${reference === undefined ? '' : `<p><small>Reference ${escaped(reference)}</small></p>`}
</main></body></html>
`
}

// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Fits the costs of src/catalogue/size.c to what the tokenizer o200k_base makes of tools' definitions, and says how far the
// estimate is off on servers that took no part in the fit. Needs the package gpt-tokenizer where node finds it; nothing of it
// is shipped.
//
// usage: node fit_tokens.mjs FILE.jsonl...   (one tool a line: server, tool, title, description, input_schema, annotations)
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const { encode } = createRequire(`${process.cwd()}/`)('gpt-tokenizer/encoding/o200k_base')
const LONGEST = 16, SIGNS = 4, PREFER = 4, PART = 0.3

const kinds = [['word', LONGEST], ['led_word', LONGEST], ['capitals', LONGEST], ['signs', SIGNS]]
const features = kinds.flatMap(([name, most]) => Array.from({ length: most }, (_, i) => `${name}.${i + 1}`))
features.push('word_more', 'sign_more', 'number', 'spaces', 'other_byte')
const index = new Map(features.map((name, i) => [name, i]))

const kindOf = (c) => (c >= 0x80 ? 'other' : /[a-zA-Z]/.test(String.fromCharCode(c)) ? 'word' : c >= 48 && c <= 57 ? 'number' : [32, 9, 10, 13].includes(c) ? 'space' : 'signs')
const upper = (c) => c >= 65 && c <= 90

// The same walk as catalogue_count_tokens().
function count(text) {
  const bytes = Buffer.from(text), row = new Float64Array(features.length)
  const add = (name, by = 1) => { row[index.get(name)] += by }
  const table = (name, length, most, more) => {
    add(`${name}.${Math.min(length, most)}`)
    if (length > most) add(more, length - most)
  }
  for (let at = 0; at < bytes.length;) {
    const kind = kindOf(bytes[at])
    let end = at + 1
    while (end < bytes.length && kindOf(bytes[end]) === kind && !(kind === 'word' && upper(bytes[end]) && !upper(bytes[end - 1]))) end++
    const length = end - at
    const capitals = length > 1 && upper(bytes[at]) && upper(bytes[at + 1])
    if (kind === 'word') table(capitals ? 'capitals' : bytes[at - 1] === 32 ? 'led_word' : 'word', length, LONGEST, 'word_more')
    else if (kind === 'number') add('number', Math.ceil(length / 3))
    else if (kind === 'signs') table('signs', length, SIGNS, 'sign_more')
    else if (kind === 'other') add('other_byte', length)
    else if (!(length === 1 && bytes[at] === 32)) add('spaces')
    at = end
  }
  return row
}

// Least squares with each tool's error in parts of its size, drawn a little towards `prior`.
function solve(rows, sizes, prior) {
  const n = features.length, a = Array.from({ length: n }, () => new Float64Array(n + 1))
  rows.forEach((row, r) => {
    const weight = 1 / sizes[r]
    for (let i = 0; i < n; i++) {
      if (row[i] === 0) continue
      for (let k = 0; k < n; k++) a[i][k] += weight * row[i] * row[k]
      a[i][n] += weight * row[i] * sizes[r]
    }
  })
  for (let i = 0; i < n; i++) { a[i][i] += PREFER; a[i][n] += PREFER * prior[i] }
  for (let i = 0; i < n; i++) {
    for (let r = 0; r < n; r++) {
      if (r === i) continue
      const by = a[r][i] / a[i][i]
      for (let k = i; k <= n; k++) a[r][k] -= by * a[i][k]
    }
  }
  return a.map((row, i) => Math.max(0, row[n] / row[i]))
}

const lines = process.argv.slice(2).flatMap((file) => readFileSync(file, 'utf8').trim().split('\n'))
const seen = new Set(), tools = []
for (const line of lines) {
  const { server, tool, title, description, input_schema, annotations } = JSON.parse(line)
  if (!input_schema) continue
  const text = JSON.stringify({ name: tool, ...(title && { title }), description, inputSchema: input_schema, ...(annotations && { annotations }) })
  if (seen.has(text)) continue
  seen.add(text)
  const part = createHash('sha256').update(server.replace(/[^a-z]/gi, '').toLowerCase()).digest().readUInt32BE(0) / 2 ** 32
  tools.push({ text, kept: part < PART, size: encode(text).length, row: count(text) })
}
const used = tools.filter((t) => !t.kept), kept = tools.filter((t) => t.kept)
const prior = features.map((name) => { const [kind, length] = name.split('.'); return kind.endsWith('more') ? 0.25 : kind === 'other_byte' ? 0.4 : length > 9 ? 1 + (length - 9) / 8 : 0.9 })
const costs = solve(used.map((t) => t.row), used.map((t) => t.size), prior)
const estimate = (row) => Math.round(row.reduce((sum, value, i) => sum + value * Math.round(costs[i] * 1000), 0) / 1000)

for (const [name, some] of [['used', used], ['kept', kept]]) {
  const errors = some.map((t) => Math.abs(estimate(t.row) - t.size) / t.size).sort((x, y) => x - y)
  const bias = some.reduce((sum, t) => sum + estimate(t.row), 0) / some.reduce((sum, t) => sum + t.size, 0) - 1
  const at = (q) => (errors[Math.floor(errors.length * q)] * 100).toFixed(1)
  console.log(`// ${name}: ${some.length} tools, mean error ${(errors.reduce((x, y) => x + y, 0) / errors.length * 100).toFixed(1)} %, p95 ${at(0.95)} %, worst ${at(0.9999)} %, sum ${(bias * 100).toFixed(1)} %`)
}
for (const [name, most] of kinds) console.log(`cost_${name}[] = {0, ${Array.from({ length: most }, (_, i) => Math.round(costs[index.get(`${name}.${i + 1}`)] * 1000)).join(', ')}};`)
for (const name of features.slice(-5)) console.log(`COST_${name.toUpperCase()} = ${Math.round(costs[index.get(name)] * 1000)},`)

// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tells of new questions where the reader wishes it: remembered in this browser, and heard on every
// page of the dashboard while one is open.
import { useEffect, useSyncExternalStore } from 'react';

import { herald, type Question } from '../api/questions';
import { serverName, words } from '../words/words';
import { cut, piecesOf } from '../parts/unseen';

export interface Wish {
  notify: boolean;
  sound: boolean;
}

const KEY = 'sallyport.herald';
const NAME_MOST = 60;
const changed = new Set<() => void>();
let wish: Wish = read();

function read(): Wish {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Wish>;
    const may = 'Notification' in window && Notification.permission === 'granted';
    return { notify: kept.notify === true && may, sound: kept.sound === true };
  } catch {
    return { notify: false, sound: false }; // the browser keeps nothing here
  }
}

export function setHerald(next: Wish): void {
  wish = next;
  try {
    localStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // It holds until the page is left.
  }
  for (const call of changed) call();
}

function subscribe(call: () => void): () => void {
  changed.add(call);
  return () => changed.delete(call);
}

export const useHerald = (): Wish => useSyncExternalStore(subscribe, () => wish);

/** Two short tones. A browser that lets no page sound before it was clicked stays silent. */
export function chime(): void {
  const audio = new AudioContext();
  const gain = audio.createGain();
  gain.connect(audio.destination);
  [660, 880].forEach((pitch, index) => {
    const tone = audio.createOscillator();
    const start = audio.currentTime + index * 0.16;
    tone.frequency.value = pitch;
    tone.connect(gain);
    tone.start(start);
    tone.stop(start + 0.13);
    if (index === 1) tone.onended = () => void audio.close();
  });
  gain.gain.value = 0.08;
}

const named = (text: string): string =>
  cut(
    piecesOf(text)
      .map((piece) => piece.shown ?? piece.text)
      .join(''),
    NAME_MOST,
  );

function proclaim(question: Question, go: (id: string) => void): void {
  if (wish.sound) chime();
  if (!wish.notify) return;
  const { title, body } = words.inbox.herald.told(
    named(question.tool),
    named(serverName(question.server_name)),
    named(question.grant_label),
  );
  // The same question in several windows is one notification.
  const notice = new Notification(title, { body, tag: question.id });
  notice.onclick = () => {
    window.focus();
    notice.close();
    go(question.id);
  };
}

/** Part of the frame. */
export function useProclaimed(go: (id: string) => void): void {
  const { notify, sound } = useHerald();
  const isOn = notify || sound;
  useEffect(() => (isOn ? herald((question) => proclaim(question, go)) : undefined), [isOn, go]);
}

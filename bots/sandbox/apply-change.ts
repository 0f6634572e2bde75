import type { Change, PageState } from './protocol.ts';

/** Changes of messages and views in place, so that `state` is what the page would show. */
export function applyChange(state: PageState, change: Change): PageState {
  switch (change.is) {
    case 'message': {
      const rest = state.messages.filter((message) => message.ts !== change.message.ts || message.channel !== change.message.channel);
      return { ...state, messages: [...rest, change.message].toSorted((a, b) => (a.ts < b.ts ? -1 : 1)) };
    }
    case 'removed':
      return { ...state, messages: state.messages.filter((message) => message.ts !== change.ts || message.channel !== change.channel) };
    case 'views':
      return { ...state, views: change.views };
    case 'home':
      return { ...state, home: change.view };
    case 'person':
      return { ...state, people: [...state.people.filter((person) => person.id !== change.person.id), change.person] };
    case 'app':
      return { ...state, app: { ...state.app, connected: change.connected } };
  }
}

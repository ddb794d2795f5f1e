import { type RefObject, useRef, useState } from 'react';
import { useAnnounce } from './announcer.tsx';

export interface TaskControl<Task, Anchor> {
  /** Undefined where nothing is under way. */
  task: Task | undefined;
  begin(task: Task): void;
  /** Ends it, and says so where there is something to say. */
  end(text?: string): void;
  /** What takes the focus at the end: the control that had it goes away with its step. */
  anchor: RefObject<Anchor | null>;
}

/** The step that a part of a screen is at. */
export function useTask<Task, Anchor extends HTMLElement = HTMLHeadingElement>(
  first?: Task,
): TaskControl<Task, Anchor> {
  const [task, setTask] = useState(first);
  const announce = useAnnounce();
  const anchor = useRef<Anchor>(null);
  return {
    task,
    begin: setTask,
    end(text) {
      setTask(undefined);
      anchor.current?.focus();
      if (text !== undefined) announce(text);
    },
    anchor,
  };
}

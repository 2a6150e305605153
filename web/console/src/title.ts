import { useEffect } from "react";

/** Says in the browser's tab what the page is about. */
export function useTitle(text: string): void {
  useEffect(() => {
    document.title = text === "" ? "posmedic" : `${text} · posmedic`;
  }, [text]);
}

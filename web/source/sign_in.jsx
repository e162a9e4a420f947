import {useEffect, useRef, useState} from "preact/hooks";

import {signIn} from "./api.js";
import {Mark} from "./app.jsx";

export function SignIn({why, enter}) {
  const [error, setError] = useState(why);
  const [isBusy, setBusy] = useState(false);
  const email = useRef(null), password = useRef(null);
  useEffect(() => {
    document.title = "Sign in · Reprise";
    email.current.focus();
  }, []);

  async function submit(event) {
    event.preventDefault();
    setBusy(true);
    setError("");
    try {
      const who = await signIn(email.current.value.trim(), password.current.value);
      if (who.role === "admin") return enter(who);
      setError(`You are signed in as a ${who.role}. The dashboard is for admins only.`);
    } catch (failure) {
      setError(failure.status === 401 ? "Email or password is wrong." : failure.message);
    }
    setBusy(false);
    password.current.value = "";
    password.current.focus();
  }

  return (
    <main class="sign-in">
      <form class="card" onSubmit={submit}>
        <Mark />
        <h1>Reprise</h1>
        <p class="muted">Sign in as an admin to see the cache at work.</p>
        <label>Email<input ref={email} type="email" name="email" autocomplete="username" required /></label>
        <label>Password<input ref={password} type="password" name="password" autocomplete="current-password" required /></label>
        <p class="error" role="alert">{error}</p>
        <button class="primary" disabled={isBusy}>{isBusy ? "Signing in …" : "Sign in"}</button>
      </form>
    </main>
  );
}

import Plot

/// The site's only style sheet. No font and no picture comes from elsewhere.
enum StyleSheet {
    static let text = """
        :root{--back:#fff;--card:#f6f8fa;--line:#d1d9e0;--text:#1f2328;--quiet:#57606a;--link:#0b5cad;--note:#fff4d6}
        @media (prefers-color-scheme:dark){:root{--back:#0d1117;--card:#161b22;--line:#30363d;--text:#e6edf3;\
        --quiet:#9aa4af;--link:#6cb6ff;--note:#3a2d0b}}
        *{box-sizing:border-box}
        html{color-scheme:light dark;-webkit-text-size-adjust:100%}
        body{margin:0;background:var(--back);color:var(--text);\
        font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,\
        "Helvetica Neue",Arial,sans-serif}
        header,main,footer{max-width:62rem;margin:0 auto;padding:0 1rem}
        header{display:flex;flex-wrap:wrap;align-items:center;gap:.25rem 1.75rem;padding-top:.9rem;\
        padding-bottom:.6rem;\
        border-bottom:1px solid var(--line)}
        main{padding-top:1.1rem;padding-bottom:2.5rem}
        footer{padding-top:.8rem;padding-bottom:2rem;border-top:1px solid var(--line);color:var(--quiet);\
        font-size:.875rem}
        a{color:var(--link);text-underline-offset:.15em}
        a:focus-visible,input:focus-visible,button:focus-visible,summary:focus-visible,.scroll:focus-visible\
        {outline:3px solid var(--link);outline-offset:2px;border-radius:3px}
        .skip{position:absolute;left:-99rem}
        .skip:focus{left:1rem;top:.5rem;background:var(--back);padding:.5rem;z-index:1}
        .brand{display:inline-flex;align-items:center;gap:.5rem;font-weight:700;font-size:1.15rem;color:var(--text);\
        text-decoration:none}
        nav ul{display:flex;flex-wrap:wrap;gap:0 1.1rem;list-style:none;margin:0;padding:0}
        nav a{display:inline-block;padding:.4rem 0;color:var(--quiet);text-decoration:none;\
        border-bottom:2px solid transparent}
        nav a:hover{color:var(--text)}
        nav a[aria-current]{color:var(--text);border-color:var(--link);font-weight:600}
        h1{font-size:1.6rem;line-height:1.25;margin:.3rem 0 .4rem;overflow-wrap:anywhere}
        h2{font-size:1.15rem;margin:2rem 0 .5rem}
        p{margin:.4rem 0}
        .lead{font-size:1.1rem;max-width:46rem}
        .quiet{color:var(--quiet)}
        .note{background:var(--note);padding:.6rem .9rem;border-radius:6px}
        .swatch{width:.95em;height:.95em;vertical-align:-.1em;border:1px solid var(--quiet);border-radius:4px;\
        flex:none}
        .unit{color:var(--quiet);font-size:.875em}
        .search{display:flex;flex-wrap:wrap;gap:.6rem;align-items:end;margin:.9rem 0 1.2rem}
        .search label{display:grid;gap:.15rem;font-size:.875rem;color:var(--quiet);flex:1 1 11rem;max-width:20rem}
        input,button{font:inherit;min-height:2.6rem;padding:.3rem .7rem;border:1px solid var(--quiet);\
        border-radius:6px;\
        background:var(--back);color:var(--text);min-width:0}
        button{background:var(--link);border-color:var(--link);color:var(--back);font-weight:600;cursor:pointer}
        .stations{list-style:none;margin:0;padding:0}
        .stations li{display:grid;\
        grid-template-columns:minmax(9rem,1.3fr) minmax(11rem,1.2fr) 10.5rem minmax(11rem,1.3fr);\
        gap:.2rem 1.4rem;align-items:center;padding:.75rem 0;border-bottom:1px solid var(--line)}
        .stations p{margin:0}
        .stations .name{font-weight:600;overflow-wrap:anywhere}
        .stations small{display:block;font-weight:400;color:var(--quiet);font-size:.8125rem}
        .stations svg:not(.swatch){display:block;width:10.5rem;height:2.5rem}
        .now b{font-size:1.3rem}
        .stations .now span:last-child:not(.quiet){display:block;font-size:.875rem}
        .facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.8rem;margin:1.1rem 0;\
        padding:0}
        .facts div{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.65rem .9rem}
        .facts dt{color:var(--quiet);font-size:.875rem}
        .facts dd{margin:0;overflow-wrap:anywhere}
        .facts b{font-size:1.35rem}
        .chart svg{display:block;width:100%;height:auto}
        .chart text{paint-order:stroke;stroke:var(--back);stroke-width:3px;stroke-linejoin:round}
        .half{display:inline-block;width:100%;max-width:28rem}
        .narrow{display:none}
        .legend{display:flex;flex-wrap:wrap;gap:.2rem 1.3rem;list-style:none;padding:0;margin:.3rem 0;\
        font-size:.875rem;\
        color:var(--quiet)}
        .legend svg{width:1.6rem;height:.8rem;vertical-align:-.05em;margin-right:.4rem}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.9375rem}
        caption{text-align:left;color:var(--quiet);font-size:.875rem;padding:.2rem 0 .4rem}
        th,td{text-align:right;padding:.32rem .6rem;border-bottom:1px solid var(--line);white-space:nowrap}
        th:first-child{text-align:left;padding-left:0;font-weight:500;white-space:normal;overflow-wrap:anywhere;\
        min-width:7rem}
        thead th{color:var(--quiet);font-weight:600;border-bottom-width:2px}
        .text{text-align:left}
        td.text{white-space:normal;overflow-wrap:anywhere;min-width:8rem}
        summary{cursor:pointer;padding:.4rem 0;font-weight:600}
        .pages{display:flex;gap:1.2rem;align-items:center;margin-top:1rem}
        .links{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;list-style:none;padding:0}
        @media (max-width:52rem){
        .stations li{grid-template-columns:1fr auto;gap:.35rem .8rem}
        .stations li>:nth-child(3){grid-column:1;grid-row:2}
        .stations li>:nth-child(4){grid-column:2;grid-row:2;text-align:right}
        .stations .now{text-align:right}
        }
        @media (max-width:40rem){.wide{display:none}.narrow{display:block}h1{font-size:1.4rem}header{gap:.1rem 1rem}\
        nav ul{gap:0 .9rem}}
        \(Ink.styleSheet)

        """
}

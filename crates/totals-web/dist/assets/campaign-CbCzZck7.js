import{a as e,i as t,n,r,t as i}from"./status-D4sY1ACi.js";import{D as a,E as o,i as s,o as c,p as l,r as u,t as d}from"./early-CS9t0uUf.js";import{t as f}from"./address-B5KncgsJ.js";var p=5e3,{words:m,locale:h,isWall:g}=t(),_=class extends c{#e=new s(p,e=>{document.title=e});constructor(){super(),this.campaign=f(location.pathname)}isNothing(e){return e===null||e.minor===0n}watch(e,t){return e.watchCampaign(this.campaign,t)}viewed({value:e}){let t=e?.title??this.campaign;this.#e.set(e&&!this.isNothing(e)?`${l(h,e.currency,e.minor,`round`)} · ${t}`:t)}createRenderRoot(){return this}render(){let{campaign:t}=this,n=this.view?.value,i=n?e(m,n):``;return a`${g?o:a`<nav><a href=${r(`/`)}>${m.say(`allCampaigns`)}</a></nav>`}
      <section class="hero">
        <h1><bdi dir="auto">${n?.title??(n===void 0?`\xA0`:t)}</bdi></h1>
        ${i?a`<p class="when">${i}</p>`:o}
        <campaign-total campaign=${t} details ?over=${g}></campaign-total>
        <campaign-thermometer campaign=${t}></campaign-thermometer>
      </section>
      <div class="beside">
        ${g?o:a`<growth-history campaign=${t}></growth-history>`}
        <section class="latest">
          <h2>${m.say(`latest`)}</h2>
          <campaign-donations campaign=${t} limit=${g?1:8}></campaign-donations>
        </section>
      </div>
      <footer><live-status campaign=${t}></live-status></footer>`}};d(f(location.pathname)),u(),customElements.define(`live-status`,i),customElements.define(`growth-history`,n),customElements.define(`campaign-page`,_);
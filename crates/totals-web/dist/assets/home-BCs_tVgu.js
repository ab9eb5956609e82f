import{a as e,i as t,n,r,t as i}from"./status-D4sY1ACi.js";import{C as a,D as o,E as s,_ as c,a as l,m as u,n as d,o as f,r as p,v as m,w as h}from"./early-CS9t0uUf.js";var g=class extends f{static properties={...f.properties,first:{attribute:!1}};#e;isNothing(e){return e===null}watch(e,t){return e.watchCampaign(this.campaign,t,this.first)}createRenderRoot(){return this}connectedCallback(){super.connectedCallback(),this.addEventListener(`totals-change`,this.#t)}disconnectedCallback(){super.disconnectedCallback(),this.removeEventListener(`totals-change`,this.#t)}#t(){if(l())return;this.#e?.cancel();let e={boxShadow:`0 0 0 0.25rem var(--lit)`,borderColor:`var(--totals-glow)`};this.#e=this.querySelector(`article`)?.animate([e,{}],{duration:2400,easing:`ease-out`})}render(){let{campaign:t,words:n}=this,i=this.view?.value,a=i?e(n,i):``;return o`<article>
      <header>
        <h3><a href=${r(`/campaigns/${encodeURIComponent(t)}`)} dir="auto">${i?.title??t}</a></h3>
        ${a?o`<span class="when">${a}</span>`:s}
      </header>
      <campaign-total campaign=${t} details quiet beside></campaign-total>
      <campaign-thermometer campaign=${t} brief></campaign-thermometer>
    </article>`}},_=1e4,v=`/api/totals/campaigns?limit=24&sortBy=totalAmount&sortOrder=desc`;async function y(e){let t=e?`/api/totals/campaigns?limit=24&cursor=${encodeURIComponent(e)}`:v,n=await fetch(t,{signal:AbortSignal.timeout(_)});if(!n.ok)throw Error(`the list of campaigns: ${n.status}`);let r=m(await n.text()),i=c(r)&&c(r.data)?r.data:{};if(!Array.isArray(i.totals))throw Error(`the list of campaigns: this is no answer of the API`);let a=i.totals.map(u).filter(e=>e!==void 0&&b(e));return typeof i.nextCursor==`string`?{campaigns:a,next:i.nextCursor}:{campaigns:a}}function b({status:e,pledges:t}){return t>0||e?.toUpperCase()!==`DRAFT`}var x=3e3,S=6e4,{words:C,isWall:w}=t(),T=class extends h{static properties={campaigns:{state:!0},next:{state:!0},failed:{state:!0}};createRenderRoot(){return this}connectedCallback(){super.connectedCallback(),w||this.#e()}async#e(){document.hidden||await this.#t(),setTimeout(()=>void this.#e(),this.failed?x:S)}async#t(e){try{let t=await y(e),n=this.campaigns===void 0,r=new Set(this.campaigns?.map(({id:e})=>e));this.campaigns=[...this.campaigns??[],...t.campaigns.filter(({id:e})=>!r.has(e))],(n||e)&&(this.next=t.next),this.failed=!1}catch{this.failed=!0}}render(){return o`<section class="hero">
        <h1 class="eyebrow">${C.say(`raisedTogether`)}</h1>
        <platform-total details ?over=${w}></platform-total>
      </section>
      ${w?s:o`<growth-history></growth-history>${this.#n()}`}
      <footer><live-status></live-status></footer>`}#n(){return o`<section aria-labelledby="campaigns">
      <h2 id="campaigns">${C.say(`campaignList`)}</h2>
      ${this.#r()}
      ${this.next?o`<button class="more" @click=${()=>this.#t(this.next)}>${C.say(`more`)}</button>`:s}
    </section>`}#r(){let{campaigns:e}=this;return e===void 0?this.failed?o`<p class="note">${C.say(`unavailable`)}</p>`:s:e.length===0?o`<p class="note">${C.say(`none`)}</p>`:o`<ul class="cards">
      ${a(e,({id:e})=>e,e=>o`<li><campaign-card .first=${e} campaign=${e.id}></campaign-card></li>`)}
    </ul>`}};d(),p(),customElements.define(`campaign-card`,g),customElements.define(`growth-history`,n),customElements.define(`live-status`,i),customElements.define(`home-page`,T),document.title=C.say(`raisedTogether`);